"""Deleted posts are erased after a month, with everything that hangs on them."""

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select, update

from core import clock
from core.db import Database
from core.ids import PostId
from core.viewer import Viewer
from jobs.base import JobContext
from jobs.posts import erase_deleted_posts
from models.comments import Comment
from models.counters import Counter, CounterDelta
from models.likes import PostLike
from models.media import Media
from models.posts import Post, Shortcode
from services import comments, counters, likes, retention
from tests.factories.people import person
from tests.factories.posts import post

MONTH_AND_A_DAY = timedelta(days=31)


async def _deleted_post(db: Database, author: Viewer, fan: Viewer, age: timedelta) -> PostId:
    """A post with a like and a comment that was deleted some time ago, and whose picture is purged."""
    made = await post(db, author)
    await db.write(lambda tx: likes.like_post(tx, fan, made))
    await db.write(lambda tx: comments.add_comment(tx, fan, made, "Nice!"))
    deleted_at = clock.now() - age
    await db.write(lambda tx: tx.execute(update(Post).where(Post.id == made.id).values(deleted_at=deleted_at)))
    await db.write(lambda tx: tx.execute(delete(Media).where(Media.post_id == made.id)))
    return made


async def _left(db: Database) -> list[int]:
    tables: tuple[Any, ...] = (Post, Shortcode, PostLike, Comment, Counter, CounterDelta)
    async with db.reading() as read:
        return [await read.scalar(select(func.count()).select_from(table)) for table in tables]


async def test_nothing_is_left_of_a_post_that_was_deleted_a_month_ago(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await _deleted_post(ctx.db, ana, ben, MONTH_AND_A_DAY)
    await ctx.db.write(counters.fold)

    for _ in range(2):
        await erase_deleted_posts.work(ctx)

    assert await _left(ctx.db) == [0, 0, 0, 0, 0, 0]


async def test_others_and_those_deleted_lately_stay(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await _deleted_post(ctx.db, ana, ben, timedelta(days=29))
    await post(ctx.db, ana)
    before = await _left(ctx.db)

    await erase_deleted_posts.work(ctx)

    assert await _left(ctx.db) == before


async def test_a_post_waits_until_its_pictures_are_purged(ctx: JobContext) -> None:
    ana = await person(ctx.db, "ana")
    made = await post(ctx.db, ana)
    gone = {"deleted_at": clock.now() - MONTH_AND_A_DAY}
    await ctx.db.write(lambda tx: tx.execute(update(Post).where(Post.id == made.id).values(gone)))

    await erase_deleted_posts.work(ctx)

    assert (await _left(ctx.db))[0] == 1


async def test_much_is_erased_in_pieces(ctx: JobContext) -> None:
    ana, ben, eva = await person(ctx.db, "ana"), await person(ctx.db, "ben"), await person(ctx.db, "eva")
    made = await _deleted_post(ctx.db, ana, ben, timedelta(0))
    kept = await post(ctx.db, ana)
    for fan in (ben, eva):
        await ctx.db.write(partial(likes.like_post, viewer=fan, post_id=kept))

    rounds = 1
    while not await ctx.db.write(lambda tx: retention.erase_some(tx, made, limit=1)):
        rounds += 1

    assert rounds == 3
    assert (await _left(ctx.db))[:4] == [1, 1, 2, 0]
