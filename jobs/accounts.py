"""What becomes of accounts whose owners left: their files first, then every row, piece by piece."""

from functools import partial
from uuid import UUID

from core import clock
from core.storage.keys import Area
from jobs.base import JobContext, every
from services import erasure, handles
from services.media import files, sweeping

_AT_ONCE = 50
_ROWS = 1000


@every(600, "accounts.erase")
async def erase_accounts(ctx: JobContext) -> None:
    """Erase accounts whose 30 days are over; what is not done in time goes on at the next turn."""
    async with ctx.db.reading(fresh=True) as db:
        due = await erasure.find_due(db, clock.now(), _AT_ONCE)
    for user_id in due:
        if await ctx.db.write(partial(erasure.begin, user_id=user_id)):
            await _empty_store(ctx, user_id)
        while not await ctx.db.write(partial(erasure.erase_some, user_id=user_id, limit=_ROWS)):
            pass


@every(3600, "handles.purge")
async def purge_handles(ctx: JobContext) -> None:
    """Forget whose the handles were that nobody holds any more."""
    before = clock.now() - handles.HELD_FOR
    while await ctx.db.write(lambda tx: handles.purge(tx, before, _ROWS)) == _ROWS:
        pass


async def _empty_store(ctx: JobContext, user_id: UUID) -> None:
    """Remove every file of a person, before the rows go that lead to them."""
    for area in Area:
        async for page in sweeping.listed(ctx.store, files.prefix_of(area, user_id)):
            await ctx.store.delete([each.key for each in page])
