"""What the readiness sweep has found of a camera's small stream."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("readings", sa.Column("sub", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("readings", "sub")
