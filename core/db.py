"""PostgreSQL: reads on autocommitted connections, writes in one retried transaction."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Executable, insert, text
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from core.direct import Direct, Record, named
from core.pools import Pool, close, sqlstate, translated
from core.settings import Settings

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

EVERYTHING: Final = 2**63 - 1
"""Behind every place in the log: only the primary contains that much."""

_RETRIED = {"40001", "40P01"}
_WRITTEN = text("select (pg_current_wal_insert_lsn() - '0/0')::bigint")
_REPLAYED = text("select (pg_last_wal_replay_lsn() - '0/0')::bigint as position, pg_is_in_recovery() as follows")


class Read:
    """Statements on one connection; if it is the driver's to give, some go around SQLAlchemy."""

    def __init__(self, connection: AsyncConnection, *, asks_driver: bool = False) -> None:
        self._connection = connection
        self._asks_driver = asks_driver
        self._driver: Any = None

    async def execute(self, statement: Executable, params: Params = None) -> CursorResult[Any]:
        """Run a statement; raises `Unavailable` when the database cannot be reached in time."""
        with translated():
            return await self._connection.execute(statement, params)

    async def all(self, statement: Executable, params: Params = None) -> Sequence[Row[Any]]:
        """All rows."""
        return (await self.execute(statement, params)).all()

    async def rows(self, statement: Direct, params: Mapping[str, Any]) -> Sequence[Record]:
        """All rows of a statement of a hot path."""
        if not self._asks_driver:
            return named(await self.all(statement.statement, params))
        with translated():
            if self._driver is None:
                self._driver = (await self._connection.get_raw_connection()).driver_connection
            return await statement.ask(self._driver, params)

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

    def __init__(self, primary: Pool, replica: Pool | None = None) -> None:
        self._primary = primary
        self._replica = replica or primary

    @classmethod
    def connect(cls, settings: Settings) -> "Database":
        """Pools by the settings; no connection is opened before the first use."""
        size, overflow, replica = settings.pool_size, settings.pool_overflow, settings.replica_url
        primary = Pool(settings, settings.database_url, size, overflow)
        return cls(primary, Pool(settings, replica, size, overflow) if replica else None)

    @classmethod
    def beside(cls, settings: Settings) -> "Database":
        """One connection to the primary beside all others, for what is to be answered when those are exhausted."""
        return cls(Pool(settings, settings.database_url, 1, 0))

    def longest_wait(self) -> float:
        """For how many seconds somebody has been waiting for a connection; 0 if nobody waits."""
        return max(self._primary.longest_wait(), self._replica.longest_wait())

    def show(self) -> None:
        """Tell the metrics of the pools."""
        self._primary.show("primary")
        if self._replica is not self._primary:
            self._replica.show("replica")

    @property
    def has_replica(self) -> bool:
        """Whether reads go elsewhere than writes, and may lag behind."""
        return self._replica is not self._primary

    @asynccontextmanager
    async def reading(self, *, fresh: bool = False, after: int = 0) -> AsyncIterator[Read]:
        """A connection to read from; `fresh` reads see every committed write, others may lag behind on a replica.

        They see at least what was written up to the place `after` in the log.
        """
        pool = self._primary if fresh or after >= EVERYTHING else self._replica
        connection = await pool.open(reads=True)
        try:
            if after and pool is not self._primary and not await _contains(connection, after):
                lagging, pool = connection, self._primary
                connection = await pool.open(reads=True)
                await close(lagging)
            yield Read(connection, asks_driver=pool.keeps_sessions)
        finally:
            await close(connection)

    async def position(self) -> int:
        """A place in the log behind everything that is committed."""
        async with self.reading(fresh=True) as read:
            found: int = await read.scalar(_WRITTEN)
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Write]:
        """One transaction on the primary; it commits at the end unless an exception leaves the block."""
        connection = await self._primary.open(reads=False)
        try:
            with translated():
                await connection.begin()
            tx = Write(connection)
            yield tx
            await tx.flush()
            with translated():
                await connection.commit()
        finally:
            await close(connection)
        tx.committed()

    async def write(self, work: Callable[[Write], Awaitable[T]], tries: int = 3) -> T:
        """Run `work` in a transaction, again as a whole (at most twice) on serialization failure and deadlock."""
        for attempt in range(1, tries + 1):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except DBAPIError as error:
                if sqlstate(error) not in _RETRIED or attempt == tries:
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
        await self._primary.aclose()
        await self._replica.aclose()


async def _contains(connection: AsyncConnection, after: int) -> bool:
    """Whether a replica has come to a place in the log; one that was promoted has no more to come to."""
    with translated():
        replayed = (await connection.execute(_REPLAYED)).one()
    return not replayed.follows or (replayed.position or 0) >= after
