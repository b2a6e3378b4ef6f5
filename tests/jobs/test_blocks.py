"""What follows from a block: nothing of either is left with the other, however often a worker dies."""

from functools import partial

import pytest
from sqlalchemy import func, select

from core import clock
from core.backends import Backends
from core.db import Database
from core.events import UserBlocked
from core.ids import PostId
from core.viewer import Viewer
from jobs import blocks as jobs
from jobs.base import JobContext
from models.comments import Comment
from models.likes import PostLike
from models.outbox import OutboxEntry
from services import blocks, comments, consistency, counters, event_log, likes, parting
from tests.factories.people import people, person, stance
from tests.factories.posts import post
from tests.jobs import parts
from tests.tables import facts

PARTS: parts.Routes = {UserBlocked: (jobs.part,)}
TELLS: parts.Routes = {UserBlocked: (jobs.tell_watchers,)}
World = tuple[Viewer, Viewer, list[PostId]]


@pytest.fixture
async def world(ctx: JobContext) -> World:
    """Ana and Ben like each other's three posts and one of Eva's, and comment on all."""
    db = ctx.db
    ana, ben, eva = await people(db, "ana", "ben", "eva")
    posts = [await post(db, author) for author in (ana, ben) for _ in range(3)] + [await post(db, eva)]
    for who in (ana, ben):
        for each in posts:
            await db.write(partial(likes.like_post, viewer=who, post_id=each))
            await db.write(partial(comments.add_comment, viewer=who, post_id=each, words="Nice, @ana and @ben!"))
    return ana, ben, posts


async def left(db: Database) -> list[tuple[int, int]]:
    """Likes and comments, of each post in the order of their making."""
    async with db.reading(fresh=True) as read:
        liked = await read.all(select(PostLike.post_id, func.count().label("n")).group_by(PostLike.post_id))
        said = await read.all(
            select(Comment.post_id, func.count().label("n"))
            .where(Comment.deleted_at.is_(None))
            .group_by(Comment.post_id)
        )
    numbers = {row.post_id: row.n for row in liked}, {row.post_id: row.n for row in said}
    return [(numbers[0].get(each, 0), numbers[1].get(each, 0)) for each in sorted(numbers[0] | numbers[1])]


async def counted_wrongly(ctx: JobContext, backends: Backends) -> list[str]:
    await ctx.db.write(counters.fold)
    return [each async for each in consistency.differences(backends) if not each.startswith("posts")]


async def test_likes_and_comments_of_each_go_from_the_other_and_counts_agree(
    ctx: JobContext, backends: Backends, world: World
) -> None:
    ana, ben, _ = world
    await ctx.db.write(lambda tx: blocks.block_user(tx, ana, ben.user_id))

    for _ in range(2):
        await parts.emit(ctx.db, UserBlocked(blocker_id=ana.user_id, blocked_id=ben.user_id))
        await parts.handled(ctx, PARTS, await parts.relayed(ctx.db, PARTS))

    assert await left(ctx.db) == [(1, 1)] * 6 + [(2, 2)]
    assert [each for each in await counted_wrongly(ctx, backends) if "likes" in each or "comments" in each] == []
    assert [await facts(ctx.db, each) for each in ("PostUnliked", "CommentDeleted")] == [6, 6]


async def test_a_comment_that_waited_goes_and_who_watches_is_told(ctx: JobContext, backends: Backends) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    picture = await post(ctx.db, ana)
    await stance(ctx.db, ana, ben, restricted_at=clock.now())
    held = await ctx.db.write(lambda tx: comments.add_comment(tx, ben, picture, "Nice!"))

    await ctx.db.write(lambda tx: blocks.block_user(tx, ana, ben.user_id))
    await parts.handled(ctx, PARTS, await parts.relayed(ctx.db, PARTS))

    async with ctx.db.reading(fresh=True) as read:
        told = await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "HeldCommentChanged"))
    assert [each["comment_id"] for each in told] == [str(held.id)] * 2
    assert [each for each in await counted_wrongly(ctx, backends) if "comments" in each] == []


async def test_it_goes_piece_by_piece(ctx: JobContext, world: World) -> None:
    ana, ben, _ = world
    await ctx.db.write(lambda tx: blocks.block_user(tx, ana, ben.user_id))
    take = partial(parting.take_some, blocker_id=ana.user_id, blocked_id=ben.user_id, limit=2)

    rounds = [await ctx.db.write(take) for _ in range(12)]

    assert (rounds[0], rounds[-1]) == (False, True)
    assert await left(ctx.db) == [(1, 1)] * 6 + [(2, 2)]


async def test_a_block_that_was_lifted_takes_nothing(ctx: JobContext, world: World) -> None:
    ana, ben, _ = world
    await ctx.db.write(lambda tx: blocks.block_user(tx, ana, ben.user_id))
    await ctx.db.write(lambda tx: blocks.unblock_user(tx, ana, ben.user_id))

    await parts.handled(ctx, PARTS, await parts.relayed(ctx.db, PARTS))

    assert await left(ctx.db) == [(2, 2)] * 7


async def test_watched_posts_of_both_are_looked_at_again_once(ctx: JobContext, world: World) -> None:
    ana, ben, posts = world
    watched = [event_log.post_topic(each.id) for each in (posts[0], posts[3], posts[6])]
    marks = await ctx.db.write(lambda tx: event_log.watch(tx, watched))
    await ctx.db.write(lambda tx: blocks.block_user(tx, ana, ben.user_id))

    await parts.handled(ctx, TELLS, await parts.relayed(ctx.db, TELLS))

    async with ctx.db.reading(fresh=True) as read:
        logged = await event_log.read(read, marks, 100)
    assert sorted((each.topic, each.event) for each in logged) == sorted((each, "UserBlocked") for each in watched[:2])
