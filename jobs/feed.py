"""What follows for home feeds: posts are pushed to their readers and taken back, and new follows start feeds anew."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from core.db import Read, Write
from core.events import (
    CloseFriendAdded,
    CloseFriendRemoved,
    PostAudienceChanged,
    PostDeleted,
    PostPublished,
    UserFollowed,
    UserUnfollowed,
)
from core.ids import PostId
from core.redis import CacheUnavailable
from jobs.base import JobContext, consequence
from services import event_log, tasks
from services.event_log import Entry
from services.feed import fan_out, timelines
from services.feed.fan_out import Piece
from services.tasks import Claim

NextPiece = Callable[[Read, PostId, UUID | None], Awaitable[Piece]]


@consequence(kind="outside")
async def fan_out_post(ctx: JobContext, event: PostPublished, claim: Claim) -> None:
    """Push a post to the timelines of those followers whom it is for; pushed twice it still shows once."""
    await _in_pieces(ctx, event, claim, fan_out.published)


@consequence(kind="outside")
async def take_back_post(ctx: JobContext, event: PostDeleted, claim: Claim) -> None:
    """Take a deleted post out of timelines; it is hidden already, but takes up room."""
    await _in_pieces(ctx, event, claim, fan_out.deleted)


@consequence(kind="outside")
async def move_post(ctx: JobContext, event: PostAudienceChanged, claim: Claim) -> None:
    """Push a post to those followers whom it is for now, and take it from those whom it was for."""
    await _in_pieces(ctx, event, claim, partial(fan_out.moved, before=event.before))


@consequence(kind="outside")
async def start_anew(ctx: JobContext, event: UserFollowed | UserUnfollowed, claim: Claim) -> None:
    """Drop the timeline of somebody who follows other people than before; the next read rebuilds it."""
    try:
        number = await ctx.epochs.current(fresh=True)
        await timelines.drop(ctx.cache, number, event.follower_id)
    finally:
        await _tell(ctx, claim, Piece(gained=[event.follower_id]), None)


@consequence(kind="outside")
async def rebuild_friends(ctx: JobContext, event: CloseFriendAdded | CloseFriendRemoved, _: Claim) -> None:
    """Drop the timeline of whom other posts of a person are for than before; nobody is told of it."""
    number = await ctx.epochs.current(fresh=True)
    await timelines.drop(ctx.cache, number, event.person_id)


async def _in_pieces(
    ctx: JobContext, event: PostPublished | PostDeleted | PostAudienceChanged, claim: Claim, next_piece: NextPiece
) -> None:
    """Change timelines and then tell who watches his own, one piece of followers after the other.

    While Redis is away feeds are read from PostgreSQL, so all are told; the place stays, and the task is tried again.
    """
    post_id = PostId(event.author_id, event.post_id)
    place = UUID(claim.position["after"]) if claim.position else None
    number, outage = None, None
    while True:
        piece = await _read(ctx, post_id, place, next_piece)
        if piece.last is None:
            break
        if outage is None:
            try:
                number = await ctx.epochs.current(fresh=number is None)
                piece = await _change(ctx, number, post_id, piece, partial(_read, ctx, post_id, place, next_piece))
            except CacheUnavailable as error:
                outage = error
        place = piece.last
        await _tell(ctx, claim, piece, None if outage else place)
    if outage:
        raise outage


async def _read(ctx: JobContext, post_id: PostId, place: UUID | None, next_piece: NextPiece) -> Piece:
    async with ctx.db.reading(fresh=True) as db:
        return await next_piece(db, post_id, place)


async def _change(
    ctx: JobContext, number: int, post_id: PostId, piece: Piece, read_again: Callable[[], Awaitable[Piece]]
) -> Piece:
    """Bring a post to these timelines or out of them; answers what held in the end.

    An audience may change to and fro: what was taken from somebody while another task brought it, is brought again.
    """
    while True:
        await timelines.push(ctx.cache, number, piece.readers, post_id)
        await timelines.remove(ctx.cache, number, piece.lost, post_id)
        after = await read_again() if piece.lost else piece
        if after == piece or after.last is None:
            return piece
        piece = after


async def _tell(ctx: JobContext, claim: Claim, piece: Piece, place: UUID | None) -> None:
    """Log for those who watch what they gained or lost, and with it how far the task has come.

    To a feed it is the same whether a post is deleted or no longer for its reader.
    """
    came = PostPublished.__name__ if claim.event == PostAudienceChanged.__name__ else claim.event
    told = [*((each, came) for each in piece.gained), *((each, PostDeleted.__name__) for each in piece.lost)]
    entries = [Entry(event_log.home_topic(each), event, claim.payload) for each, event in told]

    async def tell(tx: Write) -> list[str]:
        logged = await event_log.append(tx, claim.outbox_id, entries)
        if place is not None:
            await tasks.advance(tx, claim, {"after": str(place)})
        return logged

    await ctx.pubsub.wake(*await ctx.db.write(tell))
