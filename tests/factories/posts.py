"""Posts and comments, with the least they need."""

from typing import Any

from sqlalchemy import insert

from core import clock
from core.db import Database, Write
from core.ids import CommentId, PostId, new_uuid
from core.viewer import Viewer
from models.comments import Comment
from models.likes import PostLike
from models.media import Media
from models.posts import Post, Shortcode
from tests.factories.people import person


async def post(db: Database, author: Viewer, **facts: Any) -> PostId:
    """A published post of one ready picture."""

    async def work(tx: Write) -> PostId:
        return await post_in(tx, author, **facts)

    return await db.write(work)


async def post_in(tx: Write, author: Viewer, **facts: Any) -> PostId:
    """As `post`, inside a transaction."""
    post_id, now = PostId(author.user_id, facts.pop("id", None) or new_uuid()), clock.now()
    row = {
        "author_id": post_id.author_id,
        "id": post_id.id,
        "shortcode": post_id.id.hex[-11:],
        "kind": "PHOTO",
        "status": "PUBLISHED",
        "audience": "PUBLIC",
        "caption": None,
        "caption_mentions": {},
        "media_count": 1,
        "comment_audience": "EVERYONE",
        "hides_like_count": False,
        "is_sensitive": False,
        "created_at": now,
        "published_at": now,
    } | facts
    await tx.execute(insert(Post).values(row))
    code = {"shortcode": row["shortcode"], "author_id": post_id.author_id, "post_id": post_id.id}
    await tx.execute(insert(Shortcode).values(code))
    await tx.execute(insert(Media).values(_picture(post_id)))
    return post_id


async def hidden_posts(db: Database) -> list[PostId]:
    """One post for each reason why a stranger may not see it."""
    authors: list[dict[str, Any]] = [{"is_private": True}, {"status": "SUSPENDED"}, {"status": "DELETED"}]
    facts: list[dict[str, Any]] = [{"audience": "FOLLOWERS"}, {"status": "PROCESSING"}, {"status": "FAILED"}]
    facts.append({"deleted_at": clock.now()})
    hidden = [await post(db, await person(db, f"hidden{number}", **each)) for number, each in enumerate(authors)]
    eva = await person(db, "eva")
    return hidden + [await post(db, eva, **each) for each in facts]


async def comment(db: Database, writer: Viewer, post_id: PostId, text: str = "Nice!", **facts: Any) -> CommentId:
    """A visible comment, without counts or events."""
    comment_id = CommentId(post_id.author_id, new_uuid())
    row = {
        "author_id": post_id.author_id,
        "id": comment_id.id,
        "post_id": post_id.id,
        "commenter_id": writer.user_id,
        "text": text,
        "mentions": {},
        "state": "VISIBLE",
        "is_counted": True,
        "created_at": clock.now(),
    } | facts
    await db.write(lambda tx: tx.execute(insert(Comment).values(row)))
    return comment_id


async def like(db: Database, liker: Viewer, post_id: PostId, **facts: Any) -> None:
    """A like, without counts or events."""
    row = {"author_id": post_id.author_id, "post_id": post_id.id, "liker_id": liker.user_id, "created_at": clock.now()}
    await db.write(lambda tx: tx.execute(insert(PostLike).values(row | facts)))


def _picture(post_id: PostId) -> dict[str, Any]:
    return {
        "author_id": post_id.author_id,
        "id": new_uuid(),
        "post_id": post_id.id,
        "position": 0,
        "status": "READY",
        "width": 1080,
        "height": 1350,
        "focal_x": 0.5,
        "focal_y": 0.5,
        "is_public": False,
        "renditions": [],
        "created_at": clock.now(),
    }
