"""Likes on posts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.events import PostLiked, PostUnliked
from core.ids import PostId
from core.paging import Page, Window
from core.viewer import Viewer
from models.likes import PostLike
from services import counters, listings, outbox, pairs
from services.listings import Listing
from services.visibility import posts, rules
from services.visibility.rows import VisiblePost

_NOBODY = UUID(int=0)
_KEYS = ("author", "post")
_OF_POST = """
    select liker_id as person_id, created_at, liker_id as tie from post_likes
    where author_id = {author} and post_id = {post}
"""
_LIKERS = Listing("likers", _KEYS, _OF_POST)
_KNOWN_LIKERS = Listing(
    "likers",
    _KEYS,
    f"""{_OF_POST} and liker_id in (
        select followee_id from follows where follower_id = {{reader}} and state = 'ACTIVE' union all select {{reader}}
    )""",  # noqa: S608 - constants
    readers=("reader",),
)


async def like_post(tx: Write, viewer: Viewer, post_id: PostId) -> None:
    """Like a post the viewer can see; liking it again changes nothing."""
    await pairs.keep_together(tx, viewer.user_id, [post_id.author_id])
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


def are_counted(post: VisiblePost) -> bool:
    """Whether the viewer may know how many like a post."""
    return rules.sees_like_count(post.relationship, is_hidden=post.hides_like_count)


async def pages_of_likers(db: Read, viewer: Viewer, asked: Sequence[tuple[VisiblePost, Window]]) -> list[Page[Any]]:
    """Who likes each post, those the viewer follows first, then the most recent; rows with `person_id`.

    While the like count is hidden from the viewer, only those the viewer follows, and the viewer: nobody counts pages.
    """
    found: dict[int, Page[Any]] = {}
    for is_counted in (True, False):
        places = [place for place, (post, _) in enumerate(asked) if are_counted(post) is is_counted]
        lists = [((asked[place][0].id.author_id, asked[place][0].id.id), asked[place][1]) for place in places]
        listing, facts = (_LIKERS, ()) if is_counted else (_KNOWN_LIKERS, [[viewer.id or _NOBODY] * len(places)])
        pages = await listings.known_first(db, viewer, listing, lists, facts)
        found |= dict(zip(places, pages, strict=True))
    return [found[place] for place in range(len(asked))]
