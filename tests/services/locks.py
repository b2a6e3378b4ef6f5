"""Looking at locks, to run two transactions at once in a known order."""

import asyncio

from sqlalchemy import text

from core.db import Database

_WAITING = text("select count(*) from pg_locks where not granted")


async def until_somebody_waits(db: Database) -> None:
    """Return when a transaction waits for another one."""
    async with asyncio.timeout(10), db.reading() as read:
        while not await read.scalar(_WAITING):
            pass
