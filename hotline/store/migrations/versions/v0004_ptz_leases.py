"""Leases of cameras that are turned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ptz_leases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("incident_no", sa.String(length=64), nullable=True),
        sa.Column("share_id", sa.String(length=32), nullable=True),
        sa.Column("preset", sa.String(length=100), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_ptz_leases_camera_id")),
        sa.ForeignKeyConstraint(["person"], ["users.id"], name=op.f("fk_ptz_leases_person")),
        sa.ForeignKeyConstraint(["share_id"], ["shares.id"], name=op.f("fk_ptz_leases_share_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ptz_leases")),
    )
    op.create_index(op.f("ix_ptz_leases_ended_at"), "ptz_leases", ["ended_at"], unique=False)


def downgrade() -> None:
    op.drop_table("ptz_leases")
