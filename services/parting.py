"""What a block takes away of what stands between two people: ties at once, the rest piece by piece."""

from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, select, text

from core import clock
from core.db import Read, Write
from core.events import CommentDeleted, HeldCommentChanged, PostUnliked
from models.stances import Stance
from services import close_friends, counters, follows, outbox, settling, tags


async def end_ties(tx: Write, blocker_id: UUID, blocked_id: UUID) -> None:
    """End follows, requests and close friendship between two people who are held."""
    for one, other in ((blocker_id, blocked_id), (blocked_id, blocker_id)):
        await follows.end(tx, one, other)
        await close_friends.end(tx, one, other)


async def take_some(tx: Write, blocker_id: UUID, blocked_id: UUID, limit: int) -> bool:
    """Take away likes and comments of each on posts of the other, tags and mentions; True once nothing is left.

    At most `limit` of each kind go in one call, which looks for what is still there: it may break off, and run twice.
    A block that was lifted meanwhile takes nothing more.
    """
    held = select(Stance.blocked_at).where(Stance.owner_id == blocker_id, Stance.person_id == blocked_id)
    if await tx.scalar(held) is None:
        return True
    for person, author in ((blocker_id, blocked_id), (blocked_id, blocker_id)):
        taken = await _likes(tx, person, author, limit), await _comments(tx, person, author, limit)
        if limit in taken:
            return False
    return await tags.remove_between(tx, blocker_id, blocked_id, limit)


async def posts_of(db: Read, author_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
    """The next published posts of a person, in the order of their ids."""
    asked = {"author": author_id, "after": after or UUID(int=0), "limit": limit}
    return list(await db.scalars(_POSTS, asked))


async def _likes(tx: Write, person: UUID, author: UUID, limit: int) -> int:
    found = await tx.scalars(_TAKE_LIKES, {"person": person, "author": author, "limit": limit})
    for post_id in found:
        counters.add(tx, author, post_id, likes=-1)
        outbox.emit(tx, PostUnliked(author_id=author, post_id=post_id, liker_id=person))
    return len(found)


async def _comments(tx: Write, person: UUID, author: UUID, limit: int) -> int:
    asked = {"person": person, "author": author, "limit": limit, "now": clock.now()}
    found = await tx.all(_TAKE_COMMENTS, asked)
    for row in found:
        if row.is_counted:
            counters.add(tx, author, row.post_id, **{settling.counter(row.state): -1})
        ids = (author, row.post_id, row.id)
        outbox.emit(tx, CommentDeleted(*ids) if row.state == "VISIBLE" else HeldCommentChanged(*ids, person))
    return len(found)


_PAIR: Final = (bindparam("person", type_=Uuid), bindparam("author", type_=Uuid))

_TAKE_LIKES: Final = text(
    """
    delete from post_likes where author_id = :author and liker_id = :person and post_id in (
        select post_id from post_likes where author_id = :author and liker_id = :person limit :limit
    ) returning post_id
    """
).bindparams(*_PAIR)

_TAKE_COMMENTS: Final = text(
    """
    update comments set deleted_at = :now where author_id = :author and deleted_at is null and id in (
        select id from comments where author_id = :author and commenter_id = :person and deleted_at is null limit :limit
    ) returning id, post_id, state, is_counted
    """
).bindparams(*_PAIR, bindparam("now", type_=DateTime(timezone=True)))

_POSTS: Final = text(
    """
    select id from posts where author_id = :author and status = 'PUBLISHED' and deleted_at is null and id > :after
    order by id limit :limit
    """
).bindparams(bindparam("author", type_=Uuid), bindparam("after", type_=Uuid))
