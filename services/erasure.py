"""What is left of a person once their account is deleted: an empty row, where others still refer to them.

Each call does one bounded piece in one transaction, and what is left to do stands in the tables: so it may break off
anywhere, and begin again.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, delete, select, text, update

from core import clock
from core.db import Read, Write
from core.events import AccountErased
from core.ids import PostId
from models.accounts import Account
from models.counters import Counter, CounterDelta
from models.follows import Follow, Follower
from models.media import Media
from models.posts import Post
from models.profiles import User
from models.registry import metadata
from services import counters, emails, handles, kinship, likeness, outbox, retention, settling, stances, tags
from services.auth import sessions
from services.providers import identities
from services.suggestions import leaving

NOBODY: Final = "deleted"
"""The name of those who are gone; nobody is shown it."""

_BLANK: Final[dict[str, Any]] = {
    "handle": NOBODY,
    "display_name": NOBODY,
    "pronouns": None,
    "bio": None,
    "bio_mentions": {},
    "links": [],
    "avatar_id": None,
    "is_verified": False,
    "is_private": False,
    "status": "DELETED",
}
_OF_ONE: Final = [
    table
    for table in metadata.sorted_tables
    if table.info.get("column") == "user_id" and table.name != Account.__tablename__
]
"""Tables filed under a person, who alone sees what they hold."""


async def find_due(db: Read, now: datetime, limit: int) -> Sequence[UUID]:
    """Accounts whose time has come, those first that wait longest."""
    due = select(Account.user_id).where(Account.deletion_scheduled_for <= now)
    found: Sequence[UUID] = await db.scalars(due.order_by(Account.deletion_scheduled_for).limit(limit))
    return found


async def begin(tx: Write, user_id: UUID) -> bool:
    """Close an account for good: nobody logs in any more, and handle and address go free. False if it was called off.

    The handle is held for 30 days, as one that was changed.
    """
    # unguarded: the system erases the person
    person = await tx.first(select(User.handle, User.status).where(User.id == user_id).with_for_update())
    # unguarded: the address is let go
    account = select(Account.email).where(Account.user_id == user_id, Account.deletion_scheduled_for <= clock.now())
    email = await tx.scalar(account)
    if person is None or email is None:
        return False
    if person.status != "DELETED":
        await handles.release(tx, person.handle)
        await likeness.unprotect(tx, user_id, person.handle)
        await emails.release(tx, email, user_id)
        await tx.execute(update(User).where(User.id == user_id).values(**_BLANK, updated_at=clock.now()))
        await identities.erase(tx, user_id)
        await sessions.end_all(tx, user_id)
    return True


async def erase_some(tx: Write, user_id: UUID, limit: int) -> bool:
    """Erase one more piece of what a closed account left, at most `limit` rows; True once nothing is left."""
    if not await begin(tx, user_id):
        return True
    for step in _STEPS:
        if await step(tx, user_id, limit):
            return False
    for table in _OF_ONE:
        await tx.execute(delete(table).where(table.c.user_id == user_id))
    await kinship.forget(tx, user_id)
    for numbers in (Counter, CounterDelta):
        await tx.execute(delete(numbers).where(numbers.author_id == user_id))
    await tx.execute(delete(Account).where(Account.user_id == user_id))
    outbox.emit(tx, AccountErased(user_id=user_id))
    return True


async def _media(tx: Write, user_id: UUID, limit: int) -> int:
    """Rows of pictures; the files are gone already."""
    ids: Sequence[UUID] = await tx.scalars(select(Media.id).where(Media.author_id == user_id).limit(limit))
    if ids:
        await tx.execute(delete(Media).where(Media.author_id == user_id, Media.id.in_(ids)))
    return len(ids)


async def _posts(tx: Write, user_id: UUID, limit: int) -> int:
    """A piece of one post, with what others left there."""
    post_id = await tx.scalar(select(Post.id).where(Post.author_id == user_id).limit(1))
    if post_id is None:
        return 0
    await retention.erase_some(tx, PostId(user_id, post_id), limit)
    return 1


async def _likes(tx: Write, user_id: UUID, limit: int) -> int:
    given = await tx.all(_LIKES, {"person": user_id, "limit": limit})
    taken = {"person": user_id, "authors": [row.author_id for row in given], "posts": [row.post_id for row in given]}
    for row in await tx.all(_TAKE_LIKES, taken) if given else ():
        counters.add(tx, row.author_id, row.post_id, likes=-1)
    return len(given)


async def _comments(tx: Write, user_id: UUID, limit: int) -> int:
    written = await tx.all(_COMMENTS, {"person": user_id, "limit": limit})
    taken = {"authors": [row.author_id for row in written], "ids": [row.id for row in written]}
    for row in await tx.all(_TAKE_COMMENTS, taken) if written else ():
        if row.is_counted and not row.was_deleted:
            counters.add(tx, row.author_id, row.post_id, **{settling.counter(row.state): -1})
    return len(written)


async def _following(tx: Write, user_id: UUID, limit: int) -> int:
    people = await tx.scalars(select(Follow.followee_id).where(Follow.follower_id == user_id).limit(limit))
    if people:
        edges = delete(Follow).where(Follow.follower_id == user_id, Follow.followee_id.in_(people))
        gone = await tx.all(edges.returning(Follow.followee_id, Follow.state))
        await tx.execute(delete(Follower).where(Follower.followee_id.in_(people), Follower.follower_id == user_id))
        for row in gone:
            if row.state == "ACTIVE":
                counters.add(tx, row.followee_id, row.followee_id, followers=-1)
    return len(people)


async def _followers(tx: Write, user_id: UUID, limit: int) -> int:
    people = await tx.scalars(select(Follower.follower_id).where(Follower.followee_id == user_id).limit(limit))
    if people:
        await leaving.forget_between(tx, user_id, people)
        edges = delete(Follow).where(Follow.follower_id.in_(people), Follow.followee_id == user_id)
        gone = await tx.all(edges.returning(Follow.follower_id, Follow.state))
        await tx.execute(delete(Follower).where(Follower.followee_id == user_id, Follower.follower_id.in_(people)))
        for row in gone:
            if row.state == "ACTIVE":
                counters.add(tx, row.follower_id, row.follower_id, following=-1)
    return len(people)


_STEPS: Final[tuple[Callable[[Write, UUID, int], Awaitable[int]], ...]] = (
    _media,
    _posts,
    _likes,
    _comments,
    leaving.forget,
    tags.forget_person,
    _following,
    _followers,
    stances.forget_person,
)

_LIKES = text("select author_id, post_id from post_likes where liker_id = :person limit :limit")
_TAKE_LIKES = text(
    """
    delete from post_likes where liker_id = :person
    and (author_id, post_id) in (select * from unnest(:authors, :posts)) returning author_id, post_id
    """
).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("posts", type_=ARRAY(Uuid)))

_COMMENTS = text("select author_id, id from comments where commenter_id = :person limit :limit")
_TAKE_COMMENTS = text(
    """
    delete from comments where (author_id, id) in (select * from unnest(:authors, :ids))
    returning author_id, post_id, state, is_counted, deleted_at is not null as was_deleted
    """
).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid)))
