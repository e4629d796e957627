"""What the readiness sweep has found of each camera, with history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("readiness", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("codec", sa.String(length=32), nullable=True),
        sa.Column("profile", sa.String(length=64), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frames_per_second", sa.Double(), nullable=True),
        sa.Column("first_picture_s", sa.Double(), nullable=True),
        sa.Column("keyframe_interval_s", sa.Double(), nullable=True),
        sa.Column("b_frames", sa.Boolean(), nullable=True),
        sa.Column("sets_in_band", sa.Boolean(), nullable=True),
        sa.Column("clock_offset_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_readings_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    op.create_index("ix_readings_camera_at", "readings", ["camera_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_readings_camera_at", table_name="readings")
    op.drop_table("readings")
