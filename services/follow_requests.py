"""Requests to follow a private account: granted, turned down, listed and counted."""

from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select, text

from core.db import Read, Write
from core.errors import NotFound
from core.ids import FollowRequestId, UserId
from core.paging import Page, Window
from core.viewer import Viewer
from models.follows import Follower
from services import follows, listings
from services.listings import Listing
from services.visibility import profiles

Direction = Literal["received", "sent"]

COUNTED: Final = 100_000
"""Where counting ends: it takes some 100 ms to count so many, and nobody reads through them."""

_LISTINGS: Final[Mapping[Direction, Listing]] = {
    "received": Listing(
        "follow_requests",
        ("person",),
        "select follower_id as person_id, created_at, follower_id as tie from followers"
        " where followee_id = {person} and state = 'PENDING'",
    ),
    "sent": Listing(
        "sent_follow_requests",
        ("person",),
        "select followee_id as person_id, created_at, followee_id as tie from follows"
        " where follower_id = {person} and state = 'PENDING'",
    ),
}


async def approve(tx: Write, viewer: Viewer, requester_id: UUID) -> None:
    """Let somebody follow who asks to; again, or for one who follows anyway, it changes nothing.

    Who does not ask, or has an account that is not in use, is not found.
    """
    person = await profiles.require_user(tx, viewer, requester_id)
    if person.access == "UNAVAILABLE":
        raise NotFound(id=str(UserId(requester_id)))
    if await follows.admit(tx, viewer.user_id, [requester_id]):
        return
    edge = Follower.followee_id == viewer.user_id, Follower.follower_id == requester_id
    if await tx.scalar(select(Follower.state).where(*edge)) != "ACTIVE":
        raise NotFound(id=str(UserId(requester_id)))


async def deny(tx: Write, viewer: Viewer, requester_id: UUID) -> None:
    """Turn a request down, which nobody is told; without one nothing changes."""
    await profiles.require_user(tx, viewer, requester_id)
    await follows.end(tx, requester_id, viewer.user_id, "PENDING")


async def page(db: Read, viewer: Viewer, direction: Direction, window: Window) -> Page[FollowRequestId]:
    """Requests of the viewer, the newest first."""
    asked = [((viewer.user_id,), window)]
    (rows,) = await listings.newest_first(db, _LISTINGS[direction], asked)
    if direction == "received":
        return rows.each(lambda row: FollowRequestId(row.person_id, viewer.user_id))
    return rows.each(lambda row: FollowRequestId(viewer.user_id, row.person_id))


async def count(db: Read, viewer: Viewer, direction: Direction) -> int:
    """How many requests the viewer finds in the list; from `COUNTED` on, that number."""
    found: int = await db.scalar(_COUNTS[direction], {"viewer": viewer.user_id, "most": COUNTED})
    return found


_COUNTS: Final = {
    "received": text(
        """
        with waiting as materialized (
            select follower_id from followers where followee_id = :viewer and state = 'PENDING'
            order by created_at desc limit :most
        )
        select count(*) from waiting join users u on u.id = waiting.follower_id where u.status = 'ACTIVE'
        """
    ),
    "sent": text(
        """
        with waiting as materialized (
            select followee_id from follows where follower_id = :viewer and state = 'PENDING'
            order by created_at desc limit :most
        )
        select count(*) from waiting join users u on u.id = waiting.followee_id where u.status <> 'DELETED'
        """
    ),
}
