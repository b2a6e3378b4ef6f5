"""The number in every cache key: raised when Redis comes back as another server, whose contents may be old.

Whoever asks first notices, a reader as well as a worker: each process compares the server's name with the one in
PostgreSQL at most every half a second, and raises the number itself when they differ. So nobody reads keys of the
old number for longer than half a second after a restart or a fail-over, also while no worker runs. Two servers that
answer in turns raise it again and again: then caches miss, which is slow and right.

Whoever *adds* to cached lists asks `fresh`. The number then was read after the fact to be added was committed: a list
that is rebuilt under a later number is rebuilt from a database that has the fact, and one of this number gets it
added. Rebuilding readers read the primary (`reading(fresh=True)`), or this would not hold.
"""

import asyncio
import time

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db import Database, Write
from core.redis import Cache
from models.epochs import Epoch

STORE = "redis"
_TRUSTED_SECONDS = 0.5


class Epochs:
    """This process's knowledge of the number."""

    def __init__(self, db: Database, cache: Cache) -> None:
        self._db = db
        self._cache = cache
        self._number = 0
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def current(self, *, fresh: bool = False) -> int:
        """The number to put into cache keys, at most half a second old, or asked for now if `fresh`.

        Raises `CacheUnavailable` while Redis is away: there is nothing to look up then.
        """
        async with self._asking:
            asked_at = time.monotonic()
            if fresh or asked_at - self._asked_at > _TRUSTED_SECONDS:
                self._number = await self._look(await self._cache.server_run_id())
                self._asked_at = asked_at
            return self._number

    async def _look(self, run_id: str) -> int:
        async with self._db.reading(fresh=True) as db:
            known = await db.first(select(Epoch.run_id, Epoch.number).where(Epoch.name == STORE))
        if known is not None and known.run_id == run_id:
            return int(known.number)
        return await self._db.write(lambda tx: raise_for(tx, run_id))


async def raise_for(tx: Write, run_id: str) -> int:
    """The number for this server: the next one, unless another process has just raised it."""
    now = clock.now()
    first = upsert(Epoch).values(name=STORE, run_id=run_id, number=1, raised_at=now)
    await tx.execute(
        first.on_conflict_do_update(
            index_elements=[Epoch.name],
            set_={"run_id": run_id, "number": Epoch.number + 1, "raised_at": now},
            where=Epoch.run_id != run_id,
        )
    )
    return int(await tx.scalar(select(Epoch.number).where(Epoch.name == STORE)))
