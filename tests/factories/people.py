"""People, with the least a person needs."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db import Database, Write
from core.ids import new_uuid
from core.viewer import Viewer
from models.accounts import Account
from models.follows import Follow, Follower
from models.profiles import Handle, User
from models.stances import ReceivedStance, Stance


async def person(db: Database, handle: str = "ana", **facts: Any) -> Viewer:
    """A person, as a viewer."""

    async def work(tx: Write) -> Viewer:
        return await person_in(tx, handle, **facts)

    return await db.write(work)


async def people(db: Database, *handles: str) -> list[Viewer]:
    """People with these handles, one after the other."""
    return [await person(db, handle) for handle in handles]


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


async def stance(db: Database, owner: Viewer | UUID, person: Viewer | UUID, **facts: Any) -> None:
    """Let one person have chosen something for another, without what follows; `facts` are columns of `Stance`."""
    ids = {"owner_id": _id(owner), "person_id": _id(person)}
    mirrored = {name: facts.get(name) for name in ("blocked_at", "restricted_at", "close_friend_since")}

    async def work(tx: Write) -> None:
        for table, values in ((Stance, {"mutes": []} | facts), (ReceivedStance, mirrored)):
            adding = upsert(table).values({**ids, **values})
            await tx.execute(adding.on_conflict_do_update(index_elements=list(ids), set_=values))

    await db.write(work)


async def block(db: Database, blocker: Viewer | UUID, blocked: Viewer | UUID) -> None:
    """Let one person block another, without what follows."""
    await stance(db, blocker, blocked, blocked_at=clock.now())


def _id(person: Viewer | UUID) -> UUID:
    return person.user_id if isinstance(person, Viewer) else person
