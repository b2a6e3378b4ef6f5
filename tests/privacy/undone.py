"""A world that nothing spoils: whatever is done to it happens in transactions that never commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core.backends import Backends
from core.db import Database, Read, Write
from core.pools import Pool, close


class _OneConnection(Database):
    """A database of one connection, on which one reads and writes after the other, in savepoints."""

    def __init__(self, pool: Pool, connection: AsyncConnection) -> None:
        super().__init__(pool)
        self._connection = connection
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reading(self, *, fresh: bool = False, after: int = 0) -> AsyncIterator[Read]:
        """As always; everything written is there, so that `fresh` and `after` change nothing."""
        del fresh, after
        async with self._turn:
            yield Read(self._connection, asks_driver=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Write]:
        """A savepoint; nothing that waits for a commit is called."""
        async with self._turn, self._connection.begin_nested():
            tx = Write(self._connection)
            yield tx
            await tx.flush()


class Trials:
    """Connections of a process for doing one thing after the other, each to the world as it was when this began."""

    def __init__(self, backends: Backends, connection: AsyncConnection) -> None:
        self._backends = backends
        self._connection = connection

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[Backends]:
        """What is written by these connections is taken back in the end."""
        async with self._connection.begin() as everything:
            yield self._backends
            await everything.rollback()


@asynccontextmanager
async def trials(backends: Backends) -> AsyncIterator[Trials]:
    """Trials with the database of a process, on a connection of their own."""
    pool = Pool(backends.settings, backends.settings.database_url, 1, 0)
    connection = await pool.open(reads=False)
    try:
        yield Trials(replace(backends, db=_OneConnection(pool, connection)), connection)
    finally:
        await close(connection)
        await pool.aclose()
