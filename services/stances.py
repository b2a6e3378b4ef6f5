"""What one person chose for another, as one row and its mirror, written together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from core.db import Read, Write
from core.errors import Invalid, LimitReached
from core.ids import UserId
from core.paging import Page, Window
from core.settings import settings
from core.viewer import Viewer
from models.stances import ReceivedStance, Stance
from services import listings
from services.listings import Listing

Listed = Literal["blocks", "restrictions", "mutes"]
Kind = Listed | Literal["close_friends"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose for another one and since when; `mutes` are each a `MuteTarget`."""

    blocked_at: datetime | None = None
    blocked_via: UUID | None = None
    restricted_at: datetime | None = None
    close_friend_since: datetime | None = None
    muted_at: datetime | None = None
    mutes: tuple[str, ...] = ()


NOTHING: Final = Chosen()
_COLUMNS: Final = (
    Stance.blocked_at,
    Stance.blocked_via,
    Stance.restricted_at,
    Stance.close_friend_since,
    Stance.muted_at,
    Stance.mutes,
)
_MIRRORED: Final = ("blocked_at", "restricted_at", "close_friend_since")
# A block that follows from another one is in force, and in no list.
_SINCE: Final = {
    "blocks": Stance.blocked_at,
    "restrictions": Stance.restricted_at,
    "mutes": Stance.muted_at,
    "close_friends": Stance.close_friend_since,
}
_FULL: Final = {
    "blocks": "You block as many people as one can.",
    "restrictions": "You restrict as many people as one can.",
    "mutes": "You mute as many people as one can.",
    "close_friends": "You have as many close friends as one can.",
}


def _listing(name: str, since: str, only: str = "") -> Listing:
    source = f"select person_id, {since} as created_at, person_id as tie from stances where owner_id = {{owner}}"  # noqa: S608 - constants
    return Listing(name, ("owner",), f"{source} and {since} is not null{only}")


_LISTINGS: Final = {
    "blocks": _listing("blocked", "blocked_at", " and blocked_via is null"),
    "restrictions": _listing("restricted", "restricted_at"),
    "mutes": _listing("muted", "muted_at"),
}


def require_another(viewer: Viewer, user_id: UUID, message: str) -> None:
    """Refuse to choose anything for oneself."""
    if viewer.id == user_id:
        raise Invalid("INVALID", message, ("input", "userId"))


async def chosen(tx: Write, owner_id: UUID, person_id: UUID) -> Chosen:
    """What one person chose for another; stays true until the commit while the owner is held (`follows.hold`)."""
    row = await tx.first(select(*_COLUMNS).where(Stance.owner_id == owner_id, Stance.person_id == person_id))
    return Chosen(**{**row._mapping, "mutes": tuple(row.mutes)}) if row else NOTHING  # noqa: SLF001 - its public name


async def choose(tx: Write, owner_id: UUID, person_id: UUID, chosen: Chosen) -> None:
    """Have a person choose exactly this for another one; who chooses nothing leaves no row."""
    ids = {"owner_id": owner_id, "person_id": person_id}
    values: dict[str, Any] = {**asdict(chosen), "mutes": list(chosen.mutes)}
    if chosen == NOTHING:
        await forget(tx, [owner_id], [person_id])
        return
    for table, columns in ((Stance, values), (ReceivedStance, {name: values[name] for name in _MIRRORED})):
        adding = insert(table).values({**ids, **columns})
        await tx.execute(adding.on_conflict_do_update(index_elements=list(ids), set_=columns))


async def forget(tx: Write, owner_ids: Sequence[UUID], person_ids: Sequence[UUID]) -> None:
    """Let each of some people have chosen nothing for each of some others."""
    for table in (Stance, ReceivedStance):
        await tx.execute(delete(table).where(table.owner_id.in_(owner_ids), table.person_id.in_(person_ids)))


async def forget_person(tx: Write, user_id: UUID, limit: int) -> int:
    """Take away at most `limit` of the stances of a person who goes, and of others to the person; returns how many."""
    people = await tx.scalars(select(Stance.person_id).where(Stance.owner_id == user_id).limit(limit))
    if people:
        await forget(tx, [user_id], people)
        return len(people)
    owners = await tx.scalars(select(ReceivedStance.owner_id).where(ReceivedStance.person_id == user_id).limit(limit))
    if owners:
        await forget(tx, owners, [user_id])
    return len(owners)


async def require_room(tx: Write, owner_id: UUID, kind: Kind, more: int = 0) -> None:
    """Refuse as `LimitReached` if a list of a person would be longer than it may, with so many more.

    Blocks that follow from others do not count.
    """
    bounds = settings()
    limit: int = getattr(bounds, f"{kind}_limit")
    counting = select(func.count()).where(Stance.owner_id == owner_id, _SINCE[kind].is_not(None))
    if kind == "blocks":
        counting = counting.where(Stance.blocked_via.is_(None))
    if await tx.scalar(counting) + more > limit:
        raise LimitReached(_FULL[kind], limit)


async def page(db: Read, viewer: Viewer, kind: Listed, window: Window) -> Page[UserId]:
    """People in a list of the viewer, the last added first."""
    (rows,) = await listings.newest_first(db, _LISTINGS[kind], [((viewer.user_id,), window)])
    return rows.each(lambda row: UserId(row.person_id))
