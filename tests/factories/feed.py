"""What home feeds are made of, at known minutes, and what happens to it behind the back of timelines."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, update

from core import clock
from core.db import Database, Write
from core.ids import PostId
from core.redis import Cache
from core.viewer import Viewer
from jobs.base import JobContext
from models.epochs import Epoch
from models.follows import Follow, Follower
from models.posts import Post
from services.epochs import Epochs
from tests.factories import people
from tests.factories.posts import post_in

START = datetime(2026, 3, 9, 12, tzinfo=UTC)


async def follow(db: Database, follower: Viewer, *followees: Viewer, at: datetime = START) -> None:
    """Let one person follow others since a moment."""
    with clock.frozen(at):
        for each in followees:
            await people.follow(db, follower, each)


async def unfollow(db: Database, follower: Viewer, followee: Viewer) -> None:
    """An edge less."""
    async with db.transaction() as tx:
        for edge in (Follow, Follower):
            await tx.execute(delete(edge).where(edge.follower_id == follower.id, edge.followee_id == followee.id))


async def post(db: Database, author: Viewer, minute: int = 0, **facts: Any) -> PostId:
    """A published post, made so many minutes after `START`."""
    return (await posts(db, author, [minute], **facts))[0]


async def posts(db: Database, author: Viewer, minutes: Sequence[int], **facts: Any) -> list[PostId]:
    """Published posts, one for each minute."""

    async def work(tx: Write) -> list[PostId]:
        made = []
        for minute in minutes:
            with clock.frozen(START + timedelta(minutes=minute)):
                made.append(await post_in(tx, author, **facts))
        return made

    return await db.write(work)


async def change(db: Database, post_id: PostId, **values: Any) -> None:
    """Give a post other values."""
    key = (Post.author_id == post_id.author_id, Post.id == post_id.id)
    async with db.transaction() as tx:
        await tx.execute(update(Post).where(*key).values(**values))


async def forget_server(db: Database) -> None:
    """Make the next look at Redis find another server than before, as after a restart."""
    async with db.transaction() as tx:
        await tx.execute(update(Epoch).values(run_id="of another server"))


def without_redis(worker: JobContext) -> JobContext:
    """The same worker with its Redis gone."""
    cache = Cache.from_url("unix:///nowhere/valkey.sock")
    return replace(worker, cache=cache, epochs=Epochs(worker.db, cache))
