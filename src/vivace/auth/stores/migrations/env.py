"""What Alembic runs to migrate: over the connection that it was handed."""

from __future__ import annotations

from alembic import context

from vivace.auth.stores.tables import VERSION_TABLE, metadata


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        # SQLite changes columns by making the table anew.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic imports this module to run it. Imported by anyone else, it does nothing.
if hasattr(context, "config"):
    run()
