"""Comments of people who leave and come back: they count while the account is in use, whatever happens in between."""

import asyncio
from functools import partial
from typing import Final

import pytest

from core.backends import Backends
from core.db import Database
from core.events import AccountDeactivated, AccountDeletionCancelled, AccountDeletionRequested, AccountReactivated
from core.ids import CommentId, PostId
from core.viewer import Viewer
from jobs import comments as jobs
from jobs.base import JobContext
from services import account_life, blocks, comments, consistency, counters, erasure, parting, settling
from services.auth import waking
from tests.factories.people import person
from tests.factories.posts import post
from tests.factories.sessions import later
from tests.jobs import parts
from tests.services.locks import until_somebody_waits

ROUTES: Final[parts.Routes] = {
    AccountDeactivated: (jobs.settle_writer,),
    AccountReactivated: (jobs.settle_writer,),
    AccountDeletionRequested: (jobs.settle_writer,),
    AccountDeletionCancelled: (jobs.settle_writer,),
}
World = tuple[Viewer, Viewer, PostId, list[CommentId]]


@pytest.fixture
async def world(db: Database) -> World:
    """Ana, and Ben, who wrote three comments under her post, of which she hid one."""
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)
    said = [await db.write(partial(comments.add_comment, viewer=ben, post_id=picture, words=each)) for each in "abc"]
    await db.write(lambda tx: comments.hide_comments(tx, ana, said[2:]))
    return ana, ben, picture, said


async def settled(ctx: JobContext) -> None:
    """What follows, twice."""
    tasks = await parts.relayed(ctx.db, ROUTES)
    await parts.handled(ctx, ROUTES, tasks)
    await parts.handled(ctx, ROUTES, tasks)


async def counted(db: Database, picture: PostId) -> tuple[int, int]:
    """How many comments are counted under a post, and how many that are held back."""
    subject = (picture.author_id, picture.id)
    async with db.reading(fresh=True) as read:
        found = (await counters.read(read, [subject]))[subject]
    return found.get("comments", 0), found.get("comments_held", 0)


async def wrong(backends: Backends) -> list[str]:
    """What does not agree, of comments, once all that is under way has come to an end."""
    with later(minutes=2):
        return [each async for each in consistency.differences(backends) if "comments" in each]


@pytest.fixture
def db(ctx: JobContext) -> Database:
    """The worker's."""
    return ctx.db


async def test_they_cease_to_count_and_count_again(ctx: JobContext, backends: Backends, world: World) -> None:
    _, ben, picture, _ = world
    before = await counted(ctx.db, picture)

    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    await settled(ctx)
    asleep = await counted(ctx.db, picture)
    wrong_asleep = await wrong(backends)
    await ctx.db.write(partial(waking.wake, user_id=ben.user_id))
    await settled(ctx)
    awake = await counted(ctx.db, picture)
    await ctx.db.write(partial(account_life.request_deletion, viewer=ben, reason=None))
    await settled(ctx)
    leaving = await counted(ctx.db, picture)
    await ctx.db.write(partial(account_life.cancel_deletion, viewer=ben, reactivate=True))
    await settled(ctx)

    assert (before, asleep, awake, leaving) == ((2, 1), (0, 0), (2, 1), (0, 0))
    assert await counted(ctx.db, picture) == before
    assert (wrong_asleep, await wrong(backends)) == ([], [])


async def test_who_comes_back_before_anything_followed_counts(
    ctx: JobContext, backends: Backends, world: World
) -> None:
    _, ben, picture, _ = world

    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    await ctx.db.write(partial(waking.wake, user_id=ben.user_id))
    await settled(ctx)

    assert await counted(ctx.db, picture) == (2, 1)
    assert await wrong(backends) == []


async def test_what_happens_to_them_before_they_count_again_is_counted_once(
    ctx: JobContext, backends: Backends, world: World
) -> None:
    ana, ben, picture, said = world
    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    await settled(ctx)
    await ctx.db.write(partial(waking.wake, user_id=ben.user_id))

    await ctx.db.write(partial(comments.delete_comment, viewer=ben, comment_id=said[0]))
    await ctx.db.write(partial(comments.hide_comments, viewer=ana, ids=said[1:2]))
    await ctx.db.write(partial(comments.approve_comments, viewer=ana, ids=said[2:]))
    await ctx.db.write(partial(comments.add_comment, viewer=ben, post_id=picture, words="d"))
    between = await counted(ctx.db, picture)
    await settled(ctx)

    assert (between, await counted(ctx.db, picture)) == ((1, 0), (2, 1))
    assert await wrong(backends) == []


@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_block_takes_away_what_counts_alone(
    ctx: JobContext, backends: Backends, world: World, *, is_settled: bool
) -> None:
    ana, ben, picture, _ = world
    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    if is_settled:
        await settled(ctx)

    await ctx.db.write(partial(blocks.block_user, viewer=ana, user_id=ben.user_id))
    await ctx.db.write(partial(parting.take_some, blocker_id=ana.user_id, blocked_id=ben.user_id, limit=10))
    await settled(ctx)

    assert await counted(ctx.db, picture) == (0, 0)
    assert await wrong(backends) == []


@pytest.mark.parametrize("is_settled", [True, False])
async def test_erasing_takes_away_what_counts_alone(
    ctx: JobContext, backends: Backends, world: World, *, is_settled: bool
) -> None:
    _, ben, picture, _ = world
    await ctx.db.write(partial(account_life.request_deletion, viewer=ben, reason=None))
    if is_settled:
        await settled(ctx)

    with later(days=31):
        while not await ctx.db.write(partial(erasure.erase_some, user_id=ben.user_id, limit=2)):
            pass
    await settled(ctx)

    assert await counted(ctx.db, picture) == (0, 0)
    assert await wrong(backends) == []


async def test_pieces_are_bounded(ctx: JobContext, world: World) -> None:
    _, ben, picture, said = world
    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))

    place = await ctx.db.write(partial(settling.settle_some, user_id=ben.user_id, after=None, limit=2))
    first = await counted(ctx.db, picture)
    end = await ctx.db.write(partial(settling.settle_some, user_id=ben.user_id, after=place, limit=2))

    assert (place, end) == (said[1].id, None)
    assert (first, await counted(ctx.db, picture)) == ((0, 1), (0, 0))


async def test_a_comment_and_a_farewell_at_once_agree(ctx: JobContext, backends: Backends, world: World) -> None:
    _, ben, picture, _ = world
    async with ctx.db.transaction() as tx:
        await comments.add_comment(tx, ben, picture, "One more thing")
        leaving = asyncio.create_task(ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None)))
        await until_somebody_waits(backends.db)
    await leaving
    await settled(ctx)

    assert await counted(ctx.db, picture) == (0, 0)
    assert await wrong(backends) == []


async def test_a_comment_behind_a_farewell_is_not_counted(ctx: JobContext, backends: Backends, world: World) -> None:
    _, ben, picture, _ = world
    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    await settled(ctx)

    await ctx.db.write(partial(comments.add_comment, viewer=ben, post_id=picture, words="From afar"))

    assert await counted(ctx.db, picture) == (0, 0)
    assert await wrong(backends) == []


async def test_comments_that_count_wrongly_are_found(ctx: JobContext, backends: Backends, world: World) -> None:
    _, ben, _, _ = world
    await ctx.db.write(partial(account_life.deactivate, viewer=ben, reason=None))
    unsettled = [each async for each in consistency.differences(backends)]

    assert await wrong(backends) == [f"comments of {ben.id} are counted"]
    assert not [each for each in unsettled if "comments" in each]
