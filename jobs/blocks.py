"""What follows from a block: what stood between the two goes, and who watches is told."""

from functools import partial
from uuid import UUID

from core.events import UserBlocked
from jobs.base import LIVE, JobContext, consequence
from services import event_log, parting
from services.event_log import Entry
from services.tasks import Claim

_AT_ONCE = 200
_POSTS_AT_ONCE = 500


@consequence(kind="outside")
async def part(ctx: JobContext, event: UserBlocked, _: Claim) -> None:
    """Take away what each left with the other, piece by piece; what is left to do stands in the tables."""
    take = partial(parting.take_some, blocker_id=event.blocker_id, blocked_id=event.blocked_id, limit=_AT_ONCE)
    while not await ctx.db.write(take):
        pass


@consequence(kind="outside", queue=LIVE)
async def tell_watchers(ctx: JobContext, event: UserBlocked, claim: Claim) -> None:
    """Let streams that show posts of either look at them again; whom nothing changes for is told nothing."""
    for author_id in (event.blocked_id, event.blocker_id):
        after: UUID | None = None
        while True:
            async with ctx.db.reading(fresh=True) as db:
                posts = await parting.posts_of(db, author_id, after, _POSTS_AT_ONCE)
            if not posts:
                break
            after = posts[-1]
            entries = [_entry(claim, author_id, each) for each in posts]
            await ctx.pubsub.wake(
                *await ctx.db.write(partial(event_log.append, outbox_id=claim.outbox_id, entries=entries))
            )


def _entry(claim: Claim, author_id: UUID, post_id: UUID) -> Entry:
    return Entry(event_log.post_topic(post_id), claim.event, {"author_id": str(author_id), "post_id": str(post_id)})
