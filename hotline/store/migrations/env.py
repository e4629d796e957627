"""Alembic's entry: runs the migrations on the connection it is given, or prints their SQL."""

from __future__ import annotations

from alembic import context

from hotline.store.models import Base


def run() -> None:
    """Runs under Alembic only, which loads this file by path."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        context.configure(
            url=context.config.get_main_option("sqlalchemy.url"),
            target_metadata=Base.metadata,
            literal_binds=True,
        )
    else:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
