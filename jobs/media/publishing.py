"""Public copies come and go with what shows a picture; a deleted post takes its pictures along."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import zip_longest
from uuid import UUID

from core.events import (
    AccountDeactivated,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountReactivated,
    PostDeleted,
    PostPublished,
    PostUpdated,
    PrivacyChanged,
    ProfileUpdated,
)
from core.ids import PostId, UploadId
from jobs.base import JobContext, consequence
from services import tasks
from services.media import files, publishing, sweeping
from services.media.publishing import Standing
from services.tasks import Claim

_SECONDS = 120.0
_AT_ONCE = 50


@consequence(kind="outside", timeout=_SECONDS)
async def settle_post(ctx: JobContext, event: PostPublished | PostUpdated, _: Claim) -> None:
    """Copy the pictures of a post to where anybody may fetch them, or withdraw the copies, as its audience says."""
    async with ctx.db.reading(fresh=True) as db:
        standing = await publishing.survey(db, await publishing.of_post(db, PostId(event.author_id, event.post_id)))
    for each in standing:
        await _settle(ctx, each)


@consequence(kind="outside", timeout=_SECONDS)
async def settle_avatar(ctx: JobContext, event: ProfileUpdated, _: Claim) -> None:
    """The same for the picture of a profile, and for the one before it."""
    async with ctx.db.reading(fresh=True) as db:
        standing = await publishing.survey(db, await publishing.of_profile(db, event.user_id))
    for each in standing:
        await _settle(ctx, each)


@consequence(kind="outside", timeout=_SECONDS)
async def settle_account(
    ctx: JobContext,
    event: AccountDeactivated
    | AccountReactivated
    | AccountDeletionRequested
    | AccountDeletionCancelled
    | PrivacyChanged,
    claim: Claim,
) -> None:
    """The same for all pictures of a person who left, came back, or is private now or no longer, piece by piece."""
    place = UUID(claim.position["after"]) if claim.position else None
    while True:
        async with ctx.db.reading(fresh=True) as db:
            ids = await publishing.of_person(db, event.user_id, place, _AT_ONCE)
            standing = await publishing.survey(db, ids)
        for each in standing:
            await _settle(ctx, each)
        if len(ids) < _AT_ONCE:
            return
        place = ids[-1].id
        await ctx.db.write(partial(tasks.advance, claim=claim, position={"after": str(place)}))


@consequence(kind="outside", timeout=_SECONDS)
async def purge_media(ctx: JobContext, event: PostDeleted, _: Claim) -> None:
    """Remove the files of a deleted post, originals too, and then the rows that lead to them."""
    async with ctx.db.reading(fresh=True) as db:
        ids = await publishing.of_post(db, PostId(event.author_id, event.post_id))
    for each in ids:
        for prefix in files.prefixes(UploadId(each.author_id, each.id)):
            async for page in sweeping.listed(ctx.store, prefix):
                await ctx.store.delete([found.key for found in page])
    await ctx.db.write(lambda tx: publishing.forget(tx, ids))


async def _settle(ctx: JobContext, standing: Standing) -> None:
    """Copies are there before the row says so, and until it no longer does.

    A row that says there are none proves nothing: an earlier try may have ended between row and copies.
    """
    if standing.should_be and standing.is_public:
        return
    if standing.should_be:
        await _copy(ctx, standing.rendition_keys)
    is_marked = await ctx.db.write(lambda tx: publishing.mark(tx, standing.id, is_public=standing.should_be))
    if standing.should_be is not is_marked:
        await ctx.store.delete([files.public_key(key) for key in standing.rendition_keys])
    # The audience may change to and fro: a job between whose steps another one ran puts its own traces right.
    async with ctx.db.reading(fresh=True) as db:
        after = await publishing.survey(db, [standing.id])
    for each in after:
        if each.is_public:
            await _copy(ctx, each.rendition_keys, only_missing=True)


async def _copy(ctx: JobContext, keys: Sequence[str], *, only_missing: bool = False) -> None:
    there = await asyncio.gather(*(ctx.store.head(files.public_key(key)) for key in keys)) if only_missing else ()
    absent = [key for key, copy in zip_longest(keys, there) if copy is None]
    await asyncio.gather(*(ctx.store.copy(key, files.public_key(key)) for key in absent))
