"""What follows for home feeds: posts are pushed to their readers and taken back, and new follows start feeds anew."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from core.db import Read, Write
from core.events import PostDeleted, PostPublished, UserFollowed, UserUnfollowed
from core.ids import PostId
from core.redis import Cache, CacheUnavailable
from jobs.base import JobContext, consequence
from services import event_log, tasks
from services.event_log import Entry
from services.feed import fan_out, timelines
from services.tasks import Claim

NextPiece = Callable[[Read, PostId, UUID | None], Awaitable[Sequence[UUID]]]
Change = Callable[[Cache, int, Sequence[UUID], PostId], Awaitable[None]]


@consequence(kind="outside")
async def fan_out_post(ctx: JobContext, event: PostPublished, claim: Claim) -> None:
    """Push a post to the timelines of its author's followers; pushed twice it still shows once."""
    await _in_pieces(ctx, event, claim, fan_out.readers, timelines.push)


@consequence(kind="outside")
async def take_back_post(ctx: JobContext, event: PostDeleted, claim: Claim) -> None:
    """Take a deleted post out of timelines; it is hidden already, but takes up room."""
    await _in_pieces(ctx, event, claim, fan_out.former_readers, timelines.remove)


@consequence(kind="outside")
async def start_anew(ctx: JobContext, event: UserFollowed | UserUnfollowed, claim: Claim) -> None:
    """Drop the timeline of somebody who follows other people than before; the next read rebuilds it."""
    try:
        number = await ctx.epochs.current(fresh=True)
        await timelines.drop(ctx.cache, number, event.follower_id)
    finally:
        await _tell(ctx, claim, [event.follower_id], None)


async def _in_pieces(
    ctx: JobContext, event: PostPublished | PostDeleted, claim: Claim, next_piece: NextPiece, change: Change
) -> None:
    """Change timelines and then tell who watches his own, one piece of readers after the other.

    While Redis is away feeds are read from PostgreSQL, so all are told; the place stays, and the task is tried again.
    """
    post_id = PostId(event.author_id, event.post_id)
    place = UUID(claim.position["after"]) if claim.position else None
    number, outage = None, None
    while True:
        async with ctx.db.reading(fresh=True) as db:
            piece = await next_piece(db, post_id, place)
        if not piece:
            break
        place = piece[-1]
        if outage is None:
            try:
                number = await ctx.epochs.current(fresh=number is None)
                await change(ctx.cache, number, piece, post_id)
            except CacheUnavailable as error:
                outage = error
        await _tell(ctx, claim, piece, None if outage else place)
    if outage:
        raise outage


async def _tell(ctx: JobContext, claim: Claim, readers: Sequence[UUID], place: UUID | None) -> None:
    """Log the event for those readers who watch, and with it how far the task has come."""
    entries = [Entry(event_log.home_topic(each), claim.event, claim.payload) for each in readers]

    async def tell(tx: Write) -> list[str]:
        logged = await event_log.append(tx, claim.outbox_id, entries)
        if place is not None:
            await tasks.advance(tx, claim, {"after": str(place)})
        return logged

    await ctx.pubsub.wake(*await ctx.db.write(tell))
