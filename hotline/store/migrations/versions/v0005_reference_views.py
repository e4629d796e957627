"""Reference views of cameras, by day and by night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference_views",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("light", sa.String(length=16), nullable=False),
        sa.Column("view", sa.LargeBinary(), nullable=False),
        sa.Column("learnt_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_reference_views_camera_id")),
        sa.PrimaryKeyConstraint("camera_id", "light", name=op.f("pk_reference_views")),
    )


def downgrade() -> None:
    op.drop_table("reference_views")
