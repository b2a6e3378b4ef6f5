"""Where in the log of PostgreSQL each person's last write stands, so that a replica is read only once it is there."""

from typing import Final
from uuid import UUID

from core.db import EVERYTHING, Database
from core.errors import Unavailable
from core.redis import Cache, CacheUnavailable

SECONDS: Final = 300
"""How long it is remembered; a replica that lags further behind shows people less than they wrote."""

# Two writes of one person may be noted in the wrong order: the later one stays.
_NOTE: Final = """
    local noted = tonumber(redis.call('get', KEYS[1]) or 0)
    redis.call('set', KEYS[1], string.format('%.0f', math.max(noted, tonumber(ARGV[1]))), 'ex', ARGV[2])
"""


async def note(db: Database, cache: Cache, person: UUID | None) -> None:
    """Remember that the person has just committed something; costs nothing without a replica."""
    if person is None or not db.has_replica:
        return
    try:
        position = await db.position()
    except Unavailable:
        position = EVERYTHING
    try:
        await cache.script(_NOTE, [_key(person)], [position, SECONDS])
    except CacheUnavailable:
        return


async def position(db: Database, cache: Cache, person: UUID | None) -> int:
    """What a reading for the person has to contain, for `Database.reading`; without Redis, everything."""
    if person is None or not db.has_replica:
        return 0
    try:
        return int(await cache.run(lambda redis: redis.get(_key(person))) or 0)
    except CacheUnavailable:
        return EVERYTHING


def _key(person: UUID) -> str:
    return f"written:{person}"
