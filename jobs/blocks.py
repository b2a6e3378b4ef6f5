"""What follows from a block: what stood between the two goes, who watches is told, other accounts are reached."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from core.events import IdentityMarked, UserBlocked
from jobs.base import LIVE, JobContext, consequence
from services import evasion, event_log, kinship, parting, tasks
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


@consequence(kind="outside")
async def reach_kin(ctx: JobContext, event: UserBlocked, _: Claim) -> None:
    """Keep the blocker apart from other accounts of the person who is blocked."""
    async with ctx.db.reading(fresh=True) as db:
        kin = await kinship.kin(db, event.blocked_id)
    await _settle(ctx, event.blocker_id, kin)


@consequence(kind="outside", timeout=300)
async def carry_over(ctx: JobContext, event: IdentityMarked, claim: Claim) -> None:
    """Let blocks of an account reach those that are found to be the same person's, and the other way round.

    One piece of the people who block comes after the other, account by account.
    """
    async with ctx.db.reading(fresh=True) as db:
        kin = await kinship.kin(db, event.user_id)
    reached = {each: [event.user_id] for each in kin} | {event.user_id: [*kin]}
    place = claim.position or {"account": str(UUID(int=0)), "after": str(UUID(int=0))}
    for blocked in sorted(reached) if kin else ():
        if blocked < UUID(place["account"]):
            continue
        after = UUID(place["after"]) if blocked == UUID(place["account"]) else None
        while people := await _blockers(ctx, blocked, after):
            after = people[-1]
            for each in people:
                await _settle(ctx, each, reached[blocked])
            position = {"account": str(blocked), "after": str(after)}
            await ctx.db.write(partial(tasks.advance, claim=claim, position=position))


async def _blockers(ctx: JobContext, blocked_id: UUID, after: UUID | None) -> Sequence[UUID]:
    async with ctx.db.reading(fresh=True) as db:
        return await evasion.blockers(db, blocked_id, after, _AT_ONCE)


async def _settle(ctx: JobContext, blocker_id: UUID, people: Sequence[UUID]) -> None:
    for each in people:
        if each != blocker_id:
            await ctx.db.write(partial(evasion.settle, one=blocker_id, other=each))


def _entry(claim: Claim, author_id: UUID, post_id: UUID) -> Entry:
    return Entry(event_log.post_topic(post_id), claim.event, {"author_id": str(author_id), "post_id": str(post_id)})
