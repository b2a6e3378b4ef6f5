"""People who follow each other and post, written straight into the tables: what home feeds are made of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update

from core import clock
from core.db import Database
from core.ids import PostId, new_uuid
from core.viewer import Viewer
from models.epochs import Epoch
from models.follows import Follow, Follower
from models.posts import Post
from models.profiles import User

START = datetime(2026, 3, 9, 12, tzinfo=UTC)


async def person(db: Database, handle: str, **values: Any) -> Viewer:
    """A person with a public profile, who may be asked for as a viewer."""
    row = {"id": new_uuid(), "handle": handle, "display_name": handle.title(), "bio_mentions": {}, "links": []}
    row |= {"is_verified": False, "is_private": False, "status": "ACTIVE", "created_at": START, "updated_at": START}
    async with db.transaction() as tx:
        await tx.execute(insert(User).values(row | values))
    return Viewer(id=row["id"])  # type: ignore[arg-type]


async def follow(db: Database, follower: Viewer, *followees: Viewer, at: datetime = START) -> None:
    """Edges of the follow graph."""
    pair = {"follower_id": follower.id, "state": "ACTIVE", "created_at": at}
    rows = [pair | {"followee_id": each.id} for each in followees]
    async with db.transaction() as tx:
        await tx.execute(insert(Follow), rows)
        await tx.execute(insert(Follower), rows)


async def unfollow(db: Database, follower: Viewer, followee: Viewer) -> None:
    """An edge less."""
    async with db.transaction() as tx:
        for edge in (Follow, Follower):
            await tx.execute(delete(edge).where(edge.follower_id == follower.id, edge.followee_id == followee.id))


async def post(db: Database, author: Viewer, minute: int = 0, **values: Any) -> PostId:
    """A published post, made so many minutes after `START`."""
    return (await posts(db, author, [minute], **values))[0]


async def posts(db: Database, author: Viewer, minutes: Sequence[int], **values: Any) -> list[PostId]:
    """Published posts, one for each minute."""
    rows = []
    for minute in minutes:
        with clock.frozen(START + timedelta(minutes=minute)):
            rows.append(_row(author.user_id, new_uuid()) | values)
    async with db.transaction() as tx:
        await tx.execute(insert(Post), rows)
    return [PostId(row["author_id"], row["id"]) for row in rows]


async def change(db: Database, post_id: PostId, **values: Any) -> None:
    """Give a post other values."""
    key = (Post.author_id == post_id.author_id, Post.id == post_id.id)
    async with db.transaction() as tx:
        await tx.execute(update(Post).where(*key).values(**values))


async def forget_server(db: Database) -> None:
    """Make the next look at Redis find another server than before, as after a restart."""
    async with db.transaction() as tx:
        await tx.execute(update(Epoch).values(run_id="of another server"))


def _row(author_id: UUID, post_id: UUID) -> dict[str, Any]:
    row: dict[str, Any] = {"author_id": author_id, "id": post_id, "shortcode": post_id.hex[-11:], "kind": "PHOTO"}
    row |= {"status": "PUBLISHED", "audience": "PUBLIC", "caption": None, "caption_mentions": {}, "media_count": 1}
    row |= {"comment_audience": "EVERYONE", "hides_like_count": False, "is_sensitive": False}
    return row | {"created_at": clock.now(), "published_at": clock.now()}
