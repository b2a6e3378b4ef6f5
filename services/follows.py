"""Who follows whom."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid, NotAllowed
from core.events import UserFollowed, UserUnfollowed
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer
from models.follows import Follow, Follower
from services import counters, known_first, outbox
from services.visibility import profiles

_FOLLOWERS = """
    select follower_id as person_id, created_at, follower_id as tie from followers
    where followee_id = :followee and state = 'ACTIVE'
"""


async def follow_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Follow a person, or ask to if the account is private; following again changes nothing."""
    person = await profiles.require_user(tx, viewer, user_id)
    if viewer.id == user_id:
        raise Invalid("INVALID", "You cannot follow yourself.", ("input", "userId"))
    if person.access == "UNAVAILABLE":
        raise NotAllowed("AUDIENCE", "This account is not in use.")
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


def _count(tx: Write, follower_id: UUID, followee_id: UUID, change: int) -> None:
    counters.add(tx, follower_id, follower_id, following=change)
    counters.add(tx, followee_id, followee_id, followers=change)


async def page_of_followers(db: Read, viewer: Viewer, user_id: UUID, window: Window) -> Page[Any]:
    """Who follows a person, those the viewer follows first, then the newest; rows with `person_id`, `created_at`."""
    listing = known_first.Listing(f"followers:{user_id}", _FOLLOWERS, {"followee": user_id})
    return await known_first.page(db, viewer, listing, window)


async def page_of_following(db: Read, user_id: UUID, window: Window) -> Page[Any]:
    """Whom a person follows, newest first; rows with `person_id`, `created_at`."""
    scope = f"following:{user_id}"
    statement = (
        select(Follow.followee_id.label("person_id"), Follow.created_at)
        .where(Follow.follower_id == user_id, Follow.state == "ACTIVE")
        .order_by(Follow.created_at.desc(), Follow.followee_id.desc())
        .limit(window.first + 1)
    )
    if window.after is not None:
        created_at, person = decode_cursor(scope, window.after)
        mark = tuple_(cursor_time(created_at), cursor_id(person))
        statement = statement.where(tuple_(Follow.created_at, Follow.followee_id) < mark)
    rows = await db.all(statement)
    return page_of(rows, window, lambda row: encode_cursor(scope, row.created_at, row.person_id))
