"""What pictures show and in which form they were given: masks, a share's text on the picture, stills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cameras", sa.Column("masks", sa.Text(), server_default="[]", nullable=False))
    for name in ("overlay", "watermark"):
        op.add_column("shares", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("grants", "viewings"):
        op.add_column(table, sa.Column("form", sa.String(length=16), server_default="stream", nullable=False))
