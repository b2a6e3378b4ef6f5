"""People, with the least a person needs."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert

from core import clock
from core.db import Database, Write
from core.ids import new_uuid
from core.viewer import Viewer
from models.accounts import Account
from models.follows import Follow, Follower
from models.profiles import Handle, User


async def person(db: Database, handle: str = "ana", **facts: Any) -> Viewer:
    """A person, as a viewer."""

    async def work(tx: Write) -> Viewer:
        return await person_in(tx, handle, **facts)

    return await db.write(work)


async def person_in(tx: Write, handle: str, **facts: Any) -> Viewer:
    """As `person`, inside a transaction."""
    user_id, now = facts.pop("id", None) or new_uuid(), clock.now()
    row: dict[str, Any] = {
        "id": user_id,
        "handle": handle,
        "display_name": handle.title(),
        "bio_mentions": {},
        "links": [],
        "is_verified": False,
        "is_private": False,
        "status": "ACTIVE",
        "created_at": now,
        "updated_at": now,
    } | facts
    await tx.execute(insert(User).values(row))
    await tx.execute(insert(Handle).values(handle=handle.lower(), user_id=user_id, claimed_at=now))
    account = {"user_id": user_id, "email": f"{handle}@example.org", "password_hash": "", "password_changed_at": now}
    account |= {"role": "MEMBER", "language": "en", "time_zone": "UTC", "created_at": now}
    await tx.execute(insert(Account).values(account))
    return Viewer(id=user_id)


async def follow(db: Database, follower: Viewer | UUID, followee: Viewer | UUID, state: str = "ACTIVE") -> None:
    """Let one person follow another, without counts or events."""
    ids = {"follower_id": _id(follower), "followee_id": _id(followee)}

    async def work(tx: Write) -> None:
        edge = {**ids, "state": state, "created_at": clock.now()}
        await tx.execute(insert(Follow).values(edge))
        await tx.execute(insert(Follower).values(edge))

    await db.write(work)


def _id(person: Viewer | UUID) -> UUID:
    return person.user_id if isinstance(person, Viewer) else person
