"""The address of a camera's ONVIF device service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cameras", sa.Column("onvif_url", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("cameras", "onvif_url")
