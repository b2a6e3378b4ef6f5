"""Comments under posts."""

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid
from core.events import CommentAdded, CommentDeleted
from core.ids import CommentId, PostId, new_uuid
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer
from models.comments import Comment
from services import counters, known_first, mentions, outbox, permissions
from services.visibility import comments, posts
from services.visibility.relationships import relationships

Order = Literal["TOP", "NEWEST", "OLDEST"]

_WRITTEN = """
    select id as tie, commenter_id as person_id, created_at from comments
    where author_id = :author and post_id = :post and deleted_at is null
"""


async def add_comment(
    tx: Write, viewer: Viewer, post_id: PostId, words: str, idempotency_key: str | None = None
) -> CommentId:
    """Comment on a post the viewer sees and may comment on; blank text is refused."""
    post = await posts.require_post(tx, viewer, post_id)
    stands = await relationships(tx, viewer, [post_id.author_id])
    permissions.require(permissions.may_comment(post, stands[post_id.author_id]))
    if not words.strip():
        raise Invalid("REQUIRED", "Write something first.", ("input", "text"))
    comment_id = CommentId(post_id.author_id, new_uuid())
    row = {
        "author_id": comment_id.author_id,
        "id": comment_id.id,
        "post_id": post_id.id,
        "commenter_id": viewer.user_id,
        "text": words,
        "mentions": await mentions.resolve(tx, words),
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


async def page(db: Read, viewer: Viewer, post_id: PostId, order: Order, window: Window) -> Page[CommentId]:
    """Comments under a post. TOP puts people the viewer follows first; the rest is by time."""
    if order == "TOP":
        return await _top(db, viewer, post_id, window)
    scope = f"comments:{order}:{post_id}"
    is_ascending = order == "OLDEST"
    statement = (
        select(Comment.id)
        .where(Comment.author_id == post_id.author_id, Comment.post_id == post_id.id, Comment.deleted_at.is_(None))
        .order_by(Comment.id.asc() if is_ascending else Comment.id.desc())
        .limit(window.first + 1)
    )
    if window.after is not None:
        mark = cursor_id(*decode_cursor(scope, window.after))
        statement = statement.where(Comment.id > mark if is_ascending else Comment.id < mark)
    found = [CommentId(post_id.author_id, one) for one in await db.scalars(statement)]
    return page_of(found, window, lambda one: encode_cursor(scope, one.id))


def newest_cursor(post_id: PostId, comment_id: CommentId) -> str:
    """The position of a comment in the list of the newest ones, which a fresh comment leads."""
    return encode_cursor(f"comments:NEWEST:{post_id}", comment_id.id)


async def _top(db: Read, viewer: Viewer, post_id: PostId, window: Window) -> Page[CommentId]:
    keys = {"author": post_id.author_id, "post": post_id.id}
    listing = known_first.Listing(f"comments:TOP:{post_id}", _WRITTEN, keys)
    page = await known_first.page(db, viewer, listing, window)
    return page.each(lambda row: CommentId(post_id.author_id, row.tie))
