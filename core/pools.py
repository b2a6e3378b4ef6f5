"""A pool of connections to one PostgreSQL: how it connects, who waits for it, and what its outages look like."""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast
from uuid import uuid4

import asyncpg
import orjson
from sqlalchemy import QueuePool, event
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core import statements
from core.errors import Unavailable
from core.metrics import POOL_SIZE, POOL_USED, POOL_WAITING
from core.settings import Settings

WAIT_SECONDS: Final = 2
# Whoever comes while others have waited this long would wait in vain.
FULL_SECONDS: Final = 1.5
# A connection that served so lately is not asked whether it still can: the question takes as long as the statement.
TRUSTED_SECONDS: Final = 1.0
RETURN_SECONDS: Final = 0.005

_AWAY = {"25006", "57P01", "57P02", "57P03", "53300", "57014", "55P03", "25P03"}
# InternalClientError is what asyncpg says on a connection whose server has announced its end and is not gone yet.
_LOST = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_SERVER_SETTINGS = {
    "statement_timeout": "4000",
    "idle_in_transaction_session_timeout": "10000",
    "lock_timeout": "2000",
    "timezone": "UTC",
    "jit": "off",
    # Planning takes several times as long as reading a page by keys, and comes to the same for all of them. Left to
    # choose, PostgreSQL plans anew for each short list of ids, since it takes one that it does not know for ten long.
    "plan_cache_mode": "force_generic_plan",
}


class Pool:
    """The connections one process holds to one server."""

    def __init__(self, settings: Settings, url: str, size: int, overflow: int) -> None:
        """By the settings; no connection is opened before the first use."""
        self.engine = _engine(settings, url, size, overflow)
        self.size = size + overflow
        # A pooler in transaction mode may run what is prepared on one connection on another.
        self.keeps_sessions = not settings.pgbouncer
        self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._waiting: dict[object, float] = {}

    def longest_wait(self) -> float:
        """For how many seconds the first in the queue has been waiting for a connection; 0 if nobody waits."""
        return time.monotonic() - next(iter(self._waiting.values())) if self._waiting else 0.0

    async def open(self, *, reads: bool) -> AsyncConnection:
        """A connection, which commits each statement by itself if it only `reads`.

        `Unavailable` after two seconds without one, and at once when others have waited for nearly as long. Whatever
        keeps one from being made, nothing was asked yet.
        """
        if self.longest_wait() > FULL_SECONDS:
            raise Unavailable
        place = object()
        self._waiting[place] = time.monotonic()
        try:
            with translated():
                return await (self._reads if reads else self.engine).connect()
        except DBAPIError as error:
            raise Unavailable from error
        finally:
            del self._waiting[place]

    def show(self, name: str) -> None:
        """Tell the metrics of this pool by a name."""
        POOL_SIZE.labels(name).set(self.size)
        POOL_USED.labels(name).set_function(cast("QueuePool", self.engine.pool).checkedout)
        POOL_WAITING.labels(name).set_function(lambda: len(self._waiting))

    async def aclose(self) -> None:
        """Close all connections; those still lent have two seconds to come back, for what is disposed of takes none."""
        lent, latest = cast("QueuePool", self.engine.pool).checkedout, time.monotonic() + WAIT_SECONDS
        while lent() and time.monotonic() < latest:  # noqa: ASYNC110 - SQLAlchemy tells before it has come back
            await asyncio.sleep(RETURN_SECONDS)
        await self.engine.dispose()


async def close(connection: AsyncConnection) -> None:
    """Give a connection back; one that cannot be rolled back is thrown away instead."""
    try:
        with translated():
            await asyncio.shield(connection.close())
    except Unavailable:
        await connection.invalidate()


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a missing, frozen or read-only server does into `Unavailable`."""
    try:
        yield
    except DBAPIError as error:
        lost = error.connection_invalidated or isinstance(error, InterfaceError) or sqlstate(error) in _AWAY
        if lost:
            raise Unavailable from error
        raise
    except _LOST as error:
        raise Unavailable from error
    except asyncpg.PostgresError as error:
        if error.sqlstate in _AWAY:
            raise Unavailable from error
        raise


def sqlstate(error: DBAPIError) -> str | None:
    """The five characters by which PostgreSQL names an error."""
    return getattr(error.orig, "sqlstate", None)


def _engine(settings: Settings, url: str, size: int, overflow: int) -> AsyncEngine:
    arguments: dict[str, Any] = {"timeout": 2, "command_timeout": 3, "server_settings": dict(_SERVER_SETTINGS)}
    if settings.pgbouncer:
        # A pooler in transaction mode keeps neither prepared statements nor start-up settings.
        arguments |= {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"__{uuid4()}__"}
        arguments |= {"prepared_statement_cache_size": 0, "server_settings": {}}
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=WAIT_SECONDS,
        pool_recycle=1800,
        connect_args=arguments,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    statements.watch(engine)
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _require_alive)
    return engine


def _note_use(_connection: object, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _require_alive(connection: Any, record: Any, _lent: object) -> None:
    """Let the pool make new connections if this one is gone."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if time.monotonic() - record.info.get("used_at", math.inf) > TRUSTED_SECONDS:
        try:
            connection.ping()
        except Exception as error:
            raise InvalidatePoolError from error
