"""Likes on posts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.events import PostLiked, PostUnliked
from core.ids import PostId
from core.paging import Page, Window
from core.viewer import Viewer
from models.likes import PostLike
from services import counters, listings, outbox
from services.listings import Listing
from services.visibility import posts

_LIKERS = Listing(
    "likers",
    ("author", "post"),
    "select liker_id as person_id, created_at, liker_id as tie from post_likes"
    " where author_id = {author} and post_id = {post}",
)


async def like_post(tx: Write, viewer: Viewer, post_id: PostId) -> None:
    """Like a post the viewer can see; liking it again changes nothing."""
    await posts.require_post(tx, viewer, post_id)
    added = await tx.scalar(
        insert(PostLike)
        .values(author_id=post_id.author_id, post_id=post_id.id, liker_id=viewer.user_id, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(PostLike.liker_id)
    )
    if added:
        counters.add(tx, post_id.author_id, post_id.id, likes=1)
        outbox.emit(tx, PostLiked(author_id=post_id.author_id, post_id=post_id.id, liker_id=viewer.user_id))


async def unlike_post(tx: Write, viewer: Viewer, post_id: PostId) -> None:
    """Take a like back; without one, nothing changes. The post must still be visible."""
    await posts.require_post(tx, viewer, post_id)
    removed = await tx.scalar(
        delete(PostLike)
        .where(PostLike.author_id == post_id.author_id, PostLike.post_id == post_id.id)
        .where(PostLike.liker_id == viewer.user_id)
        .returning(PostLike.liker_id)
    )
    if removed:
        counters.add(tx, post_id.author_id, post_id.id, likes=-1)
        outbox.emit(tx, PostUnliked(author_id=post_id.author_id, post_id=post_id.id, liker_id=viewer.user_id))


async def pages_of_likers(db: Read, viewer: Viewer, asked: Sequence[tuple[PostId, Window]]) -> list[Page[Any]]:
    """Who likes each post, those the viewer follows first, then the most recent; rows with `person_id`."""
    lists = [((post_id.author_id, post_id.id), window) for post_id, window in asked]
    return await listings.known_first(db, viewer, _LIKERS, lists)
