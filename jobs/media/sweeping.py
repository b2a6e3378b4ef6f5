"""What clients and workers left lying: bytes nobody completed, uploads out of time, objects without a row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from core import clock
from core.errors import Unavailable
from core.ids import UploadId
from core.storage.keys import Area
from core.telemetry import logger
from jobs.base import JobContext, every
from services.media import completing, sweeping

log = logger(__name__)

_SILENT_FOR = timedelta(minutes=1)
_UNWANTED_FOR = timedelta(days=1)
_AT_ONCE = 1000
_SLICES = 256
_SLICE_SECONDS = 300


@every(30, "media.complete_silent")
async def complete_silent(ctx: JobContext) -> None:
    """Complete uploads whose client sent all bytes and then fell silent."""
    before = clock.now() - _SILENT_FOR
    async for page in sweeping.listed(ctx.store, f"{Area.INCOMING}/"):
        async with ctx.db.reading(fresh=True) as db:
            silent = await sweeping.find_silent(db, page, before)
        for upload_id, key in silent:
            async with _alone(upload_id):
                arrived = await ctx.store.head(key)
                if arrived is not None:
                    await ctx.db.write(partial(completing.complete_alone, upload_id=upload_id, arrived=arrived))


@every(60, "media.expire")
async def expire_uploads(ctx: JobContext) -> None:
    """End uploads whose time is over."""
    async with ctx.db.reading(fresh=True) as db:
        overdue = await completing.find_overdue(db, _AT_ONCE)
    for upload_id in overdue:
        async with _alone(upload_id):
            await ctx.db.write(partial(completing.expire_upload, upload_id=upload_id))


@every(_SLICE_SECONDS, "media.sweep_store")
async def sweep_store(ctx: JobContext) -> None:
    """Remove objects that no upload has wanted for a day: a slice of all owners at each turn, all of them in a day."""
    await sweep_slice(ctx, int(clock.now().timestamp()) // _SLICE_SECONDS % _SLICES)


async def sweep_slice(ctx: JobContext, number: int) -> None:
    """Sweep the owners whose ids end with this byte."""
    before = clock.now() - _UNWANTED_FOR
    for area in Area:
        async for page in sweeping.listed(ctx.store, f"{area}/{number:02x}/"):
            async with ctx.db.reading(fresh=True) as db:
                unwanted = await sweeping.find_unwanted(db, page, before)
            await ctx.store.delete(unwanted)


@asynccontextmanager
async def _alone(upload_id: UploadId) -> AsyncIterator[None]:
    """One upload that cannot be swept does not keep the others of its turn waiting; a database that is away does."""
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:
        log.exception("upload not swept", exc_info=error, upload=str(upload_id))
