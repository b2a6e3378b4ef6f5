"""Comments under posts."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid, NotFound
from core.events import CommentAdded, CommentDeleted, CommentUpdated, HeldCommentChanged
from core.ids import CommentId, PostId, new_uuid
from core.paging import Page, Window
from core.viewer import Viewer
from models.comments import Comment
from services import counters, filters, listings, mentions, outbox, pairs, permissions, privacy, settling
from services.listings import Key, Listing
from services.visibility import comments, posts
from services.visibility.rows import VisibleComment, VisiblePost

Order = Literal["TOP", "NEWEST", "OLDEST"]

State = Literal["VISIBLE", "HIDDEN", "HELD"]
STATES: Final[tuple[State, ...]] = ("VISIBLE", "HIDDEN", "HELD")

_NOBODY = UUID(int=0)
_KEYS, _READERS = ("author", "post"), ("writer",)
_FACTS = tuple(state.lower() for state in STATES)
_ASKED = " or ".join(f"(state = '{fact.upper()}' and {{{fact}}})" for fact in _FACTS)
_UNDER_A_POST = f"""
    from comments where author_id = {{author}} and post_id = {{post}} and deleted_at is null
    and ({_ASKED} or commenter_id = {{writer}})
"""
_TOP = Listing(
    "comments:TOP",
    _KEYS,
    f"select id as tie, commenter_id as person_id {_UNDER_A_POST}",
    _FACTS,
    _READERS,
    is_timed=False,
)
_BY_TIME = {
    order: Listing(f"comments:{order}", _KEYS, f"select id {_UNDER_A_POST}", _FACTS, _READERS)
    for order in ("NEWEST", "OLDEST")
}


async def add_comment(
    tx: Write, viewer: Viewer, post_id: PostId, words: str, idempotency_key: str | None = None
) -> CommentId:
    """Comment on a post the viewer sees and may comment on; blank text is refused.

    What somebody writes whom the author restricts, or with words that the author filters, waits for the author, and
    nobody else is told of it.
    """
    await pairs.keep_together(tx, viewer.user_id, [post_id.author_id])
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
        "state": "HELD" if await _is_held(tx, post, words) else "VISIBLE",
        "is_counted": await settling.is_in_use(tx, viewer.user_id),
        "idempotency_key": idempotency_key,
        "created_at": clock.now(),
    }
    await tx.execute(insert(Comment).values(row))
    if row["is_counted"]:
        counters.add(tx, post_id.author_id, post_id.id, **{settling.counter(str(row["state"])): 1})
    happened = CommentAdded if row["state"] == "VISIBLE" else HeldCommentChanged
    outbox.emit(tx, happened(post_id.author_id, post_id.id, comment_id.id, viewer.user_id))
    return comment_id


async def _is_held(tx: Write, post: VisiblePost, words: str) -> bool:
    """Whether a comment waits for the author of the post, whose own never do."""
    if post.relationship.is_self or post.relationship.restricted_by:
        return post.relationship.restricted_by
    return filters.holds(words, (await privacy.of(tx, post.id.author_id)).filtered_words)


async def delete_comment(tx: Write, viewer: Viewer, comment_id: CommentId) -> PostId:
    """Delete a comment as its writer or as the author of the post; answers the post it stood under."""
    comment = await comments.require_comment(tx, viewer, comment_id)
    permissions.require(permissions.may_delete_comment(viewer, comment))
    removed = await tx.first(
        update(Comment)
        .where(Comment.author_id == comment_id.author_id, Comment.id == comment_id.id, Comment.deleted_at.is_(None))
        .values(deleted_at=clock.now())
        .returning(Comment.state, Comment.is_counted)
    )
    post_id = comment.post_id
    if removed and removed.is_counted:
        counters.add(tx, post_id.author_id, post_id.id, **{settling.counter(removed.state): -1})
    if removed:
        ids = (post_id.author_id, post_id.id, comment_id.id)
        outbox.emit(
            tx, CommentDeleted(*ids) if removed.state == "VISIBLE" else HeldCommentChanged(*ids, comment.writer_id)
        )
    return post_id


async def hide_comments(tx: Write, viewer: Viewer, ids: Sequence[CommentId]) -> None:
    """Hide comments on the viewer's own posts from all but their writers; one that may not be refuses them all."""
    for comment in await _moderated(tx, viewer, ids):
        if await _move(tx, comment, "VISIBLE", "HIDDEN"):
            _tell_moved(tx, comment)
        elif await _move(tx, comment, "HELD", "HIDDEN"):
            author_id, post_id = comment.post_id.author_id, comment.post_id.id
            outbox.emit(tx, HeldCommentChanged(author_id, post_id, comment.id.id, comment.writer_id))


async def approve_comments(tx: Write, viewer: Viewer, ids: Sequence[CommentId]) -> None:
    """Show comments on the viewer's own posts that were held back or hidden; one that may not be refuses them all."""
    for comment in await _moderated(tx, viewer, ids):
        if await _move(tx, comment, "HELD", "VISIBLE") or await _move(tx, comment, "HIDDEN", "VISIBLE"):
            _tell_moved(tx, comment)


async def _moderated(tx: Write, viewer: Viewer, ids: Sequence[CommentId]) -> list[VisibleComment]:
    """Comments that the viewer may hide and approve, each once, in the order in which rows are locked."""
    found = (await comments.comments(tx, viewer, ids)).comments
    for place, each in enumerate(ids):
        path = ("input", "commentIds", str(place))
        if each not in found:
            raise NotFound(path, id=str(each))
        permissions.require(permissions.may_moderate_comment(viewer, found[each]), path)
    return [found[each] for each in sorted(set(ids), key=str)]


async def _move(tx: Write, comment: VisibleComment, before: State, after: State) -> bool:
    """Give a comment that is in one state another one, with the counts; False if it is in none or another."""
    own = (Comment.author_id == comment.id.author_id, Comment.id == comment.id.id, Comment.deleted_at.is_(None))
    changing = update(Comment).where(*own, Comment.state == before).values(state=after).returning(Comment.is_counted)
    is_counted = await tx.scalar(changing)
    old, new = settling.counter(before), settling.counter(after)
    if is_counted and old != new:
        counters.add(tx, comment.post_id.author_id, comment.post_id.id, **{old: -1, new: 1})
    return is_counted is not None


def _tell_moved(tx: Write, comment: VisibleComment) -> None:
    author_id, post_id = comment.post_id.author_id, comment.post_id.id
    outbox.emit(tx, CommentUpdated(author_id=author_id, post_id=post_id, comment_id=comment.id.id))


async def pages(
    db: Read,
    viewer: Viewer,
    order: Order,
    asked: Sequence[tuple[VisiblePost, Window]],
    states: Collection[str] | None = None,
) -> list[Page[CommentId]]:
    """Comments under each post. TOP puts people the viewer follows first; the rest is by time.

    The author finds those in any of the `states`, others only visible ones: their own are, whatever became of them.
    """
    lists = [(_key(post.id), window) for post, window in asked]
    wanted = STATES if states is None else states
    is_own = [post.relationship.is_self for post, _ in asked]
    facts: list[list[Any]] = [[state in wanted and (own or state == "VISIBLE") for own in is_own] for state in STATES]
    writer = viewer.id if viewer.id and "VISIBLE" in wanted else _NOBODY
    facts_and_writers = [*facts, [_NOBODY if own else writer for own in is_own]]
    if order == "TOP":
        rows = await listings.known_first(db, viewer, _TOP, lists, facts_and_writers)
        found = [page.each(lambda row: row.tie) for page in rows]
    else:
        found = await listings.by_id(db, _BY_TIME[order], lists, facts_and_writers, is_ascending=order == "OLDEST")
    return [page.each(partial(CommentId, post.id.author_id)) for page, (post, _) in zip(found, asked, strict=True)]


def newest_cursor(post_id: PostId, comment_id: CommentId) -> str:
    """The position of a comment in the list of the newest ones, which a fresh comment leads."""
    return _BY_TIME["NEWEST"].cursor(_key(post_id), comment_id.id)


def _key(post_id: PostId) -> Key:
    return post_id.author_id, post_id.id
