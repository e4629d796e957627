"""Alembic's migrations of the tables, each with its date and reason."""
