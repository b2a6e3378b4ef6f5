"""Who follows whom."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid
from core.events import UserFollowed, UserUnfollowed
from core.ids import UserId
from core.paging import Page, Window
from core.viewer import Viewer
from models.follows import Follow, Follower
from models.profiles import User
from services import counters, listings, outbox, permissions
from services.listings import Asked, Listing
from services.visibility import profiles

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
    """Follow a person, or ask to if the account is private; following again changes nothing."""
    person = await profiles.require_user(tx, viewer, user_id)
    if viewer.id == user_id:
        raise Invalid("INVALID", "You cannot follow yourself.", ("input", "userId"))
    permissions.require(permissions.may_follow(person))
    edge = {"follower_id": viewer.user_id, "followee_id": user_id, "created_at": clock.now()}
    edge["state"] = "PENDING" if person.is_private else "ACTIVE"
    added = await tx.scalar(insert(Follow).values(edge).on_conflict_do_nothing().returning(Follow.state))
    if added:
        await tx.execute(insert(Follower).values(edge).on_conflict_do_nothing())
    if added == "ACTIVE":
        _count(tx, viewer.user_id, user_id, 1)
        outbox.emit(tx, UserFollowed(follower_id=viewer.user_id, followee_id=user_id))


async def unfollow_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Stop following a person, or take back a request; without either, nothing changes."""
    await profiles.require_user(tx, viewer, user_id)
    removed = await tx.scalar(
        delete(Follow)
        .where(Follow.follower_id == viewer.user_id, Follow.followee_id == user_id)
        .returning(Follow.state)
    )
    if removed:
        mirror = (Follower.followee_id == user_id, Follower.follower_id == viewer.user_id)
        await tx.execute(delete(Follower).where(*mirror))
    if removed == "ACTIVE":
        _count(tx, viewer.user_id, user_id, -1)
        outbox.emit(tx, UserUnfollowed(follower_id=viewer.user_id, followee_id=user_id))


async def let_in(tx: Write, user_id: UUID, limit: int) -> bool:
    """Let at most `limit` of those in who wait to follow a person who is not private; False while more may wait."""
    # The account may turn private again: what decides is held until the commit.
    # unguarded: the system's own question
    is_private = await tx.scalar(select(User.is_private).where(User.id == user_id).with_for_update(read=True))
    if is_private is not False:
        return True
    waiting = select(Follower.follower_id).where(Follower.followee_id == user_id, Follower.state == "PENDING")
    people = await tx.scalars(waiting.order_by(Follower.created_at).limit(limit))
    if not people:
        return True
    edges = Follow.follower_id.in_(people), Follow.followee_id == user_id, Follow.state == "PENDING"
    let_in = await tx.scalars(update(Follow).where(*edges).values(state="ACTIVE").returning(Follow.follower_id))
    mirror = Follower.followee_id == user_id, Follower.follower_id.in_(people)
    await tx.execute(update(Follower).where(*mirror).values(state="ACTIVE"))
    for follower_id in let_in:
        _count(tx, follower_id, user_id, 1)
        outbox.emit(tx, UserFollowed(follower_id=follower_id, followee_id=user_id))
    return len(people) < limit


def _count(tx: Write, follower_id: UUID, followee_id: UUID, change: int) -> None:
    counters.add(tx, follower_id, follower_id, following=change)
    counters.add(tx, followee_id, followee_id, followers=change)


async def pages_of_followers(db: Read, viewer: Viewer, asked: Sequence[tuple[UserId, Window]]) -> list[Page[Any]]:
    """Who follows each person, those the viewer follows first, then the newest; rows with `person_id`, `created_at`."""
    return await listings.known_first(db, viewer, _FOLLOWERS, _lists(asked))


async def pages_of_following(db: Read, asked: Sequence[tuple[UserId, Window]]) -> list[Page[Any]]:
    """Whom each person follows, newest first for everybody; rows with `person_id`, `created_at`."""
    return await listings.known_first(db, Viewer(), _FOLLOWING, _lists(asked))


def _lists(asked: Sequence[tuple[UserId, Window]]) -> Asked:
    return [((person.id,), window) for person, window in asked]
