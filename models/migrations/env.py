"""How Alembic reaches the database: `DATABASE_URL`, one transaction for all open steps, limits on waiting."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.settings import settings
from models.registry import metadata

# Any number does that no other program of the same database uses.
_MIGRATION_LOCK = 4_170_552_301
# A step that waits for a lock makes everybody behind it wait: it gives up early and is tried again by hand.
_LIMITS = f"""
    set local lock_timeout = '3s';
    set local statement_timeout = '10min';
    select pg_advisory_xact_lock({_MIGRATION_LOCK})
"""


async def _run_online() -> None:
    arguments = {"statement_cache_size": 0} if settings().pgbouncer else {}
    engine = create_async_engine(settings().database_url, poolclass=NullPool, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        for statement in _LIMITS.split(";"):
            context.execute(statement.strip())
        context.run_migrations()


def _print_sql() -> None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _print_sql()
else:
    asyncio.run(_run_online())
