"""PostgreSQL: reads on autocommitted connections, writes in one retried transaction."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import orjson
from sqlalchemy import Executable, event, insert, text
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core import clock
from core.errors import Unavailable
from core.settings import Settings

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

_RETRIED = {"40001", "40P01"}
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
}

_counter: ContextVar["StatementCount | None"] = ContextVar("statement_count", default=None)


class StatementCount:
    """How many statements ran, and which."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counted() -> Iterator[StatementCount]:
    """Count the statements that run inside, in all tasks started there."""
    count = StatementCount()
    token = _counter.set(count)
    try:
        yield count
    finally:
        _counter.reset(token)


def _count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    count = _counter.get()
    if count is not None:
        count.statements.append(statement)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a missing, frozen or read-only server does into `Unavailable`."""
    try:
        yield
    except DBAPIError as error:
        lost = error.connection_invalidated or isinstance(error, InterfaceError) or _sqlstate(error) in _AWAY
        if lost:
            raise Unavailable from error
        raise
    except _LOST as error:
        raise Unavailable from error
    except asyncpg.PostgresError as error:
        if error.sqlstate in _AWAY:
            raise Unavailable from error
        raise


class Read:
    """Statements on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, params: Params = None) -> CursorResult[Any]:
        """Run a statement; raises `Unavailable` when the database cannot be reached in time."""
        with _translated():
            return await self._connection.execute(statement, params)

    async def all(self, statement: Executable, params: Params = None) -> Sequence[Row[Any]]:
        """All rows."""
        return (await self.execute(statement, params)).all()

    async def first(self, statement: Executable, params: Params = None) -> Row[Any] | None:
        """The first row, or None."""
        return (await self.execute(statement, params)).first()

    async def scalar(self, statement: Executable, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        return (await self.execute(statement, params)).scalar()

    async def scalars(self, statement: Executable, params: Params = None) -> Sequence[Any]:
        """The first column of all rows."""
        return (await self.execute(statement, params)).scalars().all()


class Write(Read):
    """Statements of one transaction; rows given to `later` are inserted in bulk just before it commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._later: dict[type, list[dict[str, Any]]] = defaultdict(list)
        self._after_commit: dict[Callable[[], None], None] = {}

    def later(self, model: type, row: dict[str, Any]) -> None:
        """Insert a row when the transaction commits; nobody in it can read the row before."""
        self._later[model].append(row)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call something once after the commit, such as a bell; it is not called when the transaction fails."""
        self._after_commit[callback] = None

    async def flush(self) -> None:
        """Insert the rows kept for later, table by table."""
        for model, rows in self._later.items():
            await self.execute(insert(model), rows)
        self._later.clear()

    def committed(self) -> None:
        """Ring what waits for the commit."""
        for callback in self._after_commit:
            callback()


class Database:
    """A pool of connections to the primary, and one to a replica if there is one."""

    def __init__(self, primary: AsyncEngine, replica: AsyncEngine | None = None) -> None:
        self._primary = primary
        self._reads = primary.execution_options(isolation_level="AUTOCOMMIT")
        self._replica = replica.execution_options(isolation_level="AUTOCOMMIT") if replica else self._reads

    @classmethod
    def connect(cls, settings: Settings) -> "Database":
        """Pools by the settings; no connection is opened before the first use."""
        replica = settings.replica_url
        return cls(_engine(settings, settings.database_url), _engine(settings, replica) if replica else None)

    @asynccontextmanager
    async def reading(self, *, fresh: bool = False) -> AsyncIterator[Read]:
        """A connection to read from; `fresh` reads see every committed write, others may lag behind on a replica."""
        engine = self._reads if fresh else self._replica
        connection = await _open(engine)
        try:
            yield Read(connection)
        finally:
            await _close(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Write]:
        """One transaction on the primary; it commits at the end unless an exception leaves the block."""
        connection = await _open(self._primary)
        try:
            with _translated():
                await connection.begin()
            tx = Write(connection)
            yield tx
            await tx.flush()
            with _translated():
                await connection.commit()
        finally:
            await _close(connection)
        tx.committed()

    async def write(self, work: Callable[[Write], Awaitable[T]], tries: int = 3) -> T:
        """Run `work` in a transaction, again as a whole (at most twice) on serialization failure and deadlock."""
        for attempt in range(1, tries + 1):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except DBAPIError as error:
                if _sqlstate(error) not in _RETRIED or attempt == tries:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError

    async def measure_clock(self) -> None:
        """Compare this machine's clock with the database's."""
        async with self.reading(fresh=True) as read:
            asked = clock.machine_time()
            database = await read.scalar(text("select clock_timestamp()"))
            answered = clock.machine_time()
        clock.follow(database, asked, answered)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._primary.dispose()
        if self._replica is not self._reads:
            await self._replica.dispose()


async def _open(engine: AsyncEngine) -> AsyncConnection:
    """A connection of the pool. Whatever keeps one from being made, nothing was asked yet: it counts as unavailable."""
    try:
        with _translated():
            return await engine.connect()
    except DBAPIError as error:
        raise Unavailable from error


async def _close(connection: AsyncConnection) -> None:
    """Give a connection back; one that cannot be rolled back is thrown away instead."""
    try:
        with _translated():
            await asyncio.shield(connection.close())
    except Unavailable:
        await connection.invalidate()


def _engine(settings: Settings, url: str) -> AsyncEngine:
    arguments: dict[str, Any] = {"timeout": 2, "command_timeout": 3, "server_settings": dict(_SERVER_SETTINGS)}
    if settings.pgbouncer:
        # A pooler in transaction mode keeps neither prepared statements nor start-up settings.
        arguments |= {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"__{uuid4()}__"}
        arguments |= {"prepared_statement_cache_size": 0, "server_settings": {}}
    engine = create_async_engine(
        url,
        pool_pre_ping=True,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        pool_timeout=2,
        pool_recycle=1800,
        connect_args=arguments,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _count)
    return engine
