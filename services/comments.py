"""Comments under posts."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid
from core.events import CommentAdded, CommentDeleted
from core.ids import CommentId, PostId, new_uuid
from core.paging import Page, Window
from core.viewer import Viewer
from models.comments import Comment
from services import counters, listings, mentions, outbox, permissions
from services.listings import Key, Listing
from services.visibility import comments, posts

Order = Literal["TOP", "NEWEST", "OLDEST"]

_KEYS = ("author", "post")
_UNDER_A_POST = "from comments where author_id = {author} and post_id = {post} and deleted_at is null"
_TOP = Listing("comments:TOP", _KEYS, f"select id as tie, commenter_id as person_id {_UNDER_A_POST}", is_timed=False)
_BY_TIME = {order: Listing(f"comments:{order}", _KEYS, f"select id {_UNDER_A_POST}") for order in ("NEWEST", "OLDEST")}


async def add_comment(
    tx: Write, viewer: Viewer, post_id: PostId, words: str, idempotency_key: str | None = None
) -> CommentId:
    """Comment on a post the viewer sees and may comment on; blank text is refused."""
    post = await posts.require_post(tx, viewer, post_id)
    permissions.require(permissions.may_comment(post))
    if not words.strip():
        raise Invalid("REQUIRED", "Write something first.", ("input", "text"))
    comment_id = CommentId(post_id.author_id, new_uuid())
    row = {
        "author_id": comment_id.author_id,
        "id": comment_id.id,
        "post_id": post_id.id,
        "commenter_id": viewer.user_id,
        "text": words,
        "mentions": await mentions.resolve(tx, viewer, words),
        "state": "VISIBLE",
        "idempotency_key": idempotency_key,
        "created_at": clock.now(),
    }
    await tx.execute(insert(Comment).values(row))
    counters.add(tx, post_id.author_id, post_id.id, comments=1)
    outbox.emit(
        tx,
        CommentAdded(
            author_id=post_id.author_id, post_id=post_id.id, comment_id=comment_id.id, commenter_id=viewer.user_id
        ),
    )
    return comment_id


async def delete_comment(tx: Write, viewer: Viewer, comment_id: CommentId) -> PostId:
    """Delete a comment as its writer or as the author of the post; answers the post it stood under."""
    comment = await comments.require_comment(tx, viewer, comment_id)
    permissions.require(permissions.may_delete_comment(viewer, comment))
    removed = await tx.scalar(
        update(Comment)
        .where(Comment.author_id == comment_id.author_id, Comment.id == comment_id.id, Comment.deleted_at.is_(None))
        .values(deleted_at=clock.now())
        .returning(Comment.id)
    )
    post_id = comment.post_id
    if removed:
        counters.add(tx, post_id.author_id, post_id.id, comments=-1)
        event = CommentDeleted(author_id=post_id.author_id, post_id=post_id.id, comment_id=comment_id.id)
        outbox.emit(tx, event)
    return post_id


async def pages(
    db: Read, viewer: Viewer, order: Order, asked: Sequence[tuple[PostId, Window]]
) -> list[Page[CommentId]]:
    """Comments under each post. TOP puts people the viewer follows first; the rest is by time."""
    lists = [(_key(post_id), window) for post_id, window in asked]
    if order == "TOP":
        found = [page.each(lambda row: row.tie) for page in await listings.known_first(db, viewer, _TOP, lists)]
    else:
        found = await listings.by_id(db, _BY_TIME[order], lists, is_ascending=order == "OLDEST")
    return [page.each(partial(CommentId, post_id.author_id)) for page, (post_id, _) in zip(found, asked, strict=True)]


def newest_cursor(post_id: PostId, comment_id: CommentId) -> str:
    """The position of a comment in the list of the newest ones, which a fresh comment leads."""
    return _BY_TIME["NEWEST"].cursor(_key(post_id), comment_id.id)


def _key(post_id: PostId) -> Key:
    return post_id.author_id, post_id.id
