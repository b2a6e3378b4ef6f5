"""Other accounts of a blocked person are kept away, however often a worker dies."""

from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from core.backends import Backends
from core.db import Database
from core.events import IdentityMarked, UserBlocked
from core.viewer import Viewer
from jobs import blocks as jobs
from jobs.base import JobContext
from models.likes import PostLike
from models.stances import Stance
from services import blocks, consistency, evasion, kinship, likes, stances
from tests.factories.people import follow, person, stance
from tests.factories.posts import post
from tests.jobs import parts

FOLLOWS: parts.Routes = {UserBlocked: (jobs.part, jobs.reach_kin), IdentityMarked: (jobs.carry_over,)}
People = tuple[Viewer, Viewer, Viewer]


@pytest.fixture
async def people(ctx: JobContext) -> People:
    """Ana, the troll, and another account of the troll."""
    ana, troll, again = [await person(ctx.db, handle) for handle in ("ana", "troll", "again")]
    return ana, troll, again


async def mark(db: Database, *people: Viewer, value: str = "+4915123456789") -> None:
    for each in people:
        await db.write(partial(kinship.mark, user_id=each.user_id, kind="phone", value=value))


async def block(db: Database, one: Viewer, other: Viewer) -> None:
    await db.write(lambda tx: blocks.block_user(tx, one, other.user_id))


async def unblock(db: Database, one: Viewer, other: Viewer) -> None:
    await db.write(lambda tx: blocks.unblock_user(tx, one, other.user_id))


async def work(ctx: JobContext) -> None:
    while found := await parts.relayed(ctx.db, FOLLOWS):
        await parts.handled(ctx, FOLLOWS, found)


async def blocked(db: Database) -> set[tuple[UUID, UUID, UUID | None]]:
    """Who blocks whom, and following from a block of whom."""
    async with db.reading(fresh=True) as read:
        columns = select(Stance.owner_id, Stance.person_id, Stance.blocked_via)
        return {tuple(row) for row in await read.all(columns.where(Stance.blocked_at.is_not(None)))}


def apart(one: Viewer, other: Viewer, via: Viewer) -> set[tuple[UUID, UUID, UUID | None]]:
    return {(one.user_id, other.user_id, via.user_id), (other.user_id, one.user_id, via.user_id)}


def own(one: Viewer, other: Viewer) -> set[tuple[UUID, UUID, UUID | None]]:
    return {(one.user_id, other.user_id, None)}


@pytest.mark.parametrize("is_known_before", [True, False])
async def test_a_block_reaches_other_accounts_whichever_came_first(
    ctx: JobContext, backends: Backends, people: People, *, is_known_before: bool
) -> None:
    ana, troll, again = people
    for one, other in ((ana, again), (again, ana)):
        await follow(ctx.db, one, other, "PENDING")
    acts = [partial(mark, ctx.db, troll, again), partial(block, ctx.db, ana, troll)]
    for act in acts if is_known_before else reversed(acts):
        await act()
        await work(ctx)

    assert await blocked(ctx.db) == own(ana, troll) | apart(ana, again, troll)
    assert [each async for each in consistency.differences(backends)] == []
    before = await blocked(ctx.db)
    facts = IdentityMarked(user_id=again.user_id), UserBlocked(blocker_id=ana.user_id, blocked_id=troll.user_id)
    await parts.emit(ctx.db, *facts, *facts)
    await work(ctx)
    assert await blocked(ctx.db) == before


async def test_the_blocked_account_is_the_one_that_gets_the_mark(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    await mark(ctx.db, again)
    await block(ctx.db, ana, troll)
    await work(ctx)
    await mark(ctx.db, troll)
    await work(ctx)

    assert await blocked(ctx.db) == own(ana, troll) | apart(ana, again, troll)


async def test_what_the_other_account_left_goes_too(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    hers = await post(ctx.db, ana)
    await ctx.db.write(lambda tx: likes.like_post(tx, again, hers))
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await work(ctx)

    async with ctx.db.reading(fresh=True) as read:
        assert await read.all(select(PostLike.post_id)) == []


async def test_a_block_that_follows_carries_no_further(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    third = await person(ctx.db, "third")
    await mark(ctx.db, troll, again)
    await mark(ctx.db, again, third, value="+4915100000000")
    await block(ctx.db, ana, troll)
    await work(ctx)

    assert await blocked(ctx.db) == own(ana, troll) | apart(ana, again, troll)


async def test_who_shares_the_mark_is_not_parted(ctx: JobContext, people: People) -> None:
    ana, troll, sister = people
    await mark(ctx.db, ana, troll, sister)
    await block(ctx.db, ana, troll)
    await work(ctx)

    assert await blocked(ctx.db) == own(ana, troll)


async def test_lifting_the_block_ends_what_followed_from_it(
    ctx: JobContext, backends: Backends, people: People
) -> None:
    ana, troll, again = people
    await stance(ctx.db, ana, again, mutes=["POSTS"])
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await work(ctx)

    await unblock(ctx.db, ana, troll)
    await work(ctx)

    assert await blocked(ctx.db) == set()
    async with ctx.db.reading(fresh=True) as read:
        assert await read.scalars(select(Stance.mutes)) == [["POSTS"]]
    assert [each async for each in consistency.differences(backends)] == []


async def test_a_block_of_ones_own_stays_as_it_is(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    await block(ctx.db, ana, again)
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await work(ctx)
    both = await blocked(ctx.db)
    await unblock(ctx.db, ana, troll)

    assert both == own(ana, troll) | own(ana, again)
    assert await blocked(ctx.db) == own(ana, again)


async def test_what_follows_from_two_blocks_ends_with_the_second(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    other = await person(ctx.db, "other")
    await mark(ctx.db, troll, again, other)
    await block(ctx.db, ana, troll)
    await block(ctx.db, ana, other)
    await work(ctx)

    await unblock(ctx.db, ana, troll)
    one = await blocked(ctx.db)
    await unblock(ctx.db, ana, other)

    assert one == own(ana, other) | apart(ana, again, other)
    assert await blocked(ctx.db) == set()


async def test_choosing_a_block_that_followed_and_taking_it_back_tells_nothing(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await work(ctx)
    before = await blocked(ctx.db)

    await unblock(ctx.db, ana, again)
    untouched = await blocked(ctx.db)
    await block(ctx.db, ana, again)
    chosen = await blocked(ctx.db)
    await unblock(ctx.db, ana, again)

    assert untouched == before
    assert own(ana, again) <= chosen
    assert await blocked(ctx.db) == before


async def test_a_block_that_was_lifted_before_the_work_reaches_nobody(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await unblock(ctx.db, ana, troll)
    await work(ctx)

    assert await blocked(ctx.db) == set()


async def test_what_followed_stays_when_the_blocked_account_is_erased(ctx: JobContext, people: People) -> None:
    ana, troll, again = people
    await mark(ctx.db, troll, again)
    await block(ctx.db, ana, troll)
    await work(ctx)

    await ctx.db.write(lambda tx: kinship.forget(tx, troll.user_id))
    await ctx.db.write(lambda tx: stances.forget_person(tx, troll.user_id, 10))
    await ctx.db.write(lambda tx: evasion.settle(tx, ana.user_id, again.user_id))

    assert await blocked(ctx.db) == apart(ana, again, troll)
