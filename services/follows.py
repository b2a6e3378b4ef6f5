"""Who follows whom."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import BadInput, Invalid, LimitReached
from core.events import FollowRequested, FollowRequestEnded, UserFollowed, UserUnfollowed
from core.ids import UserId
from core.paging import Page, Window
from core.settings import settings
from core.viewer import Viewer
from models.follows import Follow, Follower
from models.profiles import User
from services import counters, listings, outbox, permissions, starts
from services.listings import Asked, Listing
from services.visibility import profiles

SEARCHED: Final = 5
"""In how many lists an operation can search at each place: that is for who types into a field above one of them."""

_FOLLOWERS = Listing(
    "followers",
    ("person",),
    "select follower_id as person_id, created_at, follower_id as tie from followers"
    " where followee_id = {person} and state = 'ACTIVE'",
)
_FOLLOWING = Listing(
    "following",
    ("person",),
    "select followee_id as person_id, created_at, followee_id as tie from follows"
    " where follower_id = {person} and state = 'ACTIVE'",
)


async def follow_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Follow a person, or ask to if the account is private; following again changes nothing.

    Refused as `LimitReached` to who follows, or has asked, as many as one person may.
    """
    if viewer.id == user_id:
        raise Invalid("INVALID", "You cannot follow yourself.", ("input", "userId"))
    await hold(tx, viewer.user_id, user_id)
    person = await profiles.require_user(tx, viewer, user_id)
    permissions.require(permissions.may_follow(person))
    edge = {"follower_id": viewer.user_id, "followee_id": user_id, "created_at": clock.now()}
    edge["state"] = "PENDING" if person.is_private else "ACTIVE"
    added = await tx.scalar(insert(Follow).values(edge).on_conflict_do_nothing().returning(Follow.state))
    if not added:
        return
    await tx.execute(insert(Follower).values(edge).on_conflict_do_nothing())
    await _require_room(tx, viewer.user_id)
    if added == "ACTIVE":
        _count(tx, viewer.user_id, user_id, 1)
        outbox.emit(tx, UserFollowed(follower_id=viewer.user_id, followee_id=user_id))
    else:
        outbox.emit(tx, FollowRequested(follower_id=viewer.user_id, followee_id=user_id))


async def unfollow_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Stop following a person, or take back a request; without either, nothing changes."""
    await profiles.require_user(tx, viewer, user_id)
    await end(tx, viewer.user_id, user_id)


async def remove_follower(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Have a person follow no longer, which nobody is told; a request goes on waiting, and nothing else changes."""
    await profiles.require_user(tx, viewer, user_id)
    await end(tx, user_id, viewer.user_id, "ACTIVE")


async def hold(tx: Write, viewer_id: UUID, *people: UUID) -> None:
    """Have what decides between people stand still until the commit, when the viewer is about to act on the others.

    One act of the viewer comes after the other, and so do acts of two on each other; but any number of people act
    on one person at once, whose account meanwhile turns neither private nor public.
    """
    for each in sorted({viewer_id, *people}):
        row, is_viewer = select(User.id).where(User.id == each), each == viewer_id
        await tx.execute(row.with_for_update(read=not is_viewer, key_share=is_viewer))


async def end(tx: Write, follower_id: UUID, followee_id: UUID, state: str | None = None) -> None:
    """End a follow or a request, of this `state` alone if given; without one nothing changes."""
    edge = Follow.follower_id == follower_id, Follow.followee_id == followee_id
    only = () if state is None else (Follow.state == state,)
    removed = await tx.scalar(delete(Follow).where(*edge, *only).returning(Follow.state))
    if not removed:
        return
    mirror = Follower.followee_id == followee_id, Follower.follower_id == follower_id
    await tx.execute(delete(Follower).where(*mirror))
    if removed == "ACTIVE":
        _count(tx, follower_id, followee_id, -1)
        outbox.emit(tx, UserUnfollowed(follower_id=follower_id, followee_id=followee_id))
    else:
        outbox.emit(tx, FollowRequestEnded(follower_id=follower_id, followee_id=followee_id))


async def admit(tx: Write, user_id: UUID, requester_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Let those of some people in who wait to follow a person; they follow from now on, and are returned."""
    values = {"state": "ACTIVE", "created_at": clock.now()}
    waiting = Follow.follower_id.in_(requester_ids), Follow.followee_id == user_id, Follow.state == "PENDING"
    admitting = update(Follow).where(*waiting).values(values).returning(Follow.follower_id)
    admitted: Sequence[UUID] = await tx.scalars(admitting)
    if admitted:
        mirror = Follower.followee_id == user_id, Follower.follower_id.in_(admitted)
        await tx.execute(update(Follower).where(*mirror).values(values))
    for follower_id in admitted:
        _count(tx, follower_id, user_id, 1)
        outbox.emit(tx, UserFollowed(follower_id=follower_id, followee_id=user_id))
    return admitted


async def let_in(tx: Write, user_id: UUID, limit: int) -> bool:
    """Let at most `limit` of those in who wait to follow a person who is not private; False while more may wait."""
    # The account may turn private again: what decides is held until the commit.
    # unguarded: the system's own question
    is_private = await tx.scalar(select(User.is_private).where(User.id == user_id).with_for_update(read=True))
    if is_private is not False:
        return True
    waiting = select(Follower.follower_id).where(Follower.followee_id == user_id, Follower.state == "PENDING")
    people = await tx.scalars(waiting.order_by(Follower.created_at).limit(limit))
    if people:
        await admit(tx, user_id, people)
    return len(people) < limit


async def _require_room(tx: Write, viewer_id: UUID) -> None:
    """Have the viewer follow and ask no more people than one may, the one just added among them."""
    counting = select(Follow.state, func.count().label("number")).where(Follow.follower_id == viewer_id)
    numbers = {row.state: row.number for row in await tx.all(counting.group_by(Follow.state))}
    limits = settings()
    if sum(numbers.values()) > limits.following_limit:
        raise LimitReached("You follow as many people as one can.", limits.following_limit)
    if numbers.get("PENDING", 0) > limits.follow_requests_limit:
        raise LimitReached("Too many of your requests wait for an answer.", limits.follow_requests_limit)


def _count(tx: Write, follower_id: UUID, followee_id: UUID, change: int) -> None:
    counters.add(tx, follower_id, follower_id, following=change)
    counters.add(tx, followee_id, followee_id, followers=change)


async def pages_of_followers(
    db: Read, viewer: Viewer, asked: Sequence[tuple[UserId, Window]], query: str | None = None
) -> list[Page[Any]]:
    """Who follows each person, those the viewer follows first, then the newest; rows with `person_id`, `created_at`.

    With a `query`, those alone whose handle or name starts so, in the order of these.
    """
    if query:
        return await _starting(db, _FOLLOWERS, asked, query)
    return await listings.known_first(db, viewer, _FOLLOWERS, _lists(asked))


async def pages_of_following(
    db: Read, asked: Sequence[tuple[UserId, Window]], query: str | None = None
) -> list[Page[Any]]:
    """Whom each person follows, newest first for everybody; rows with `person_id`, `created_at`; `query` as above."""
    if query:
        return await _starting(db, _FOLLOWING, asked, query)
    return await listings.newest_first(db, _FOLLOWING, _lists(asked))


async def _starting(db: Read, listing: Listing, asked: Sequence[tuple[UserId, Window]], query: str) -> list[Page[Any]]:
    if len(asked) > SEARCHED:
        raise BadInput(f"Search in at most {SEARCHED} lists at once.")
    return [await starts.page(db, listing, person.id, query, window) for person, window in asked]


def _lists(asked: Sequence[tuple[UserId, Window]]) -> Asked:
    return [((person.id,), window) for person, window in asked]
