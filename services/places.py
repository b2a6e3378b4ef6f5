"""Places that people name in posts."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Invalid, NotFound
from core.ids import PlaceId, new_uuid
from models.posts import Place

DECIMALS = 6


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """A known place by id, or a spot with a name."""

    known: PlaceId | None = None
    name: str = ""
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place; open to everybody."""

    id: UUID
    name: str
    latitude: float
    longitude: float


async def choose(tx: Write, choice: PlaceChoice) -> UUID:
    """The id of the chosen place; the same name at the same spot (six decimals) is one place for everybody."""
    if choice.known is not None:
        found = await places(tx, [choice.known.id])
        if not found:
            raise NotFound(("input", "place", "placeId"), id=str(choice.known))
        return choice.known.id
    if not choice.name.strip():
        raise Invalid("REQUIRED", "Give the place a name.", ("input", "place", "custom", "name"))
    spot = {
        "name": choice.name.strip(),
        "latitude": round(choice.latitude, DECIMALS),
        "longitude": round(choice.longitude, DECIMALS),
    }
    place_id = new_uuid()
    await tx.execute(insert(Place).values(id=place_id, created_at=clock.now(), **spot).on_conflict_do_nothing())
    statement = select(Place.id).where(*(getattr(Place, name) == value for name, value in spot.items()))
    kept: UUID = await tx.scalar(statement)
    return kept


async def places(db: Read, ids: list[UUID]) -> dict[UUID, PlaceRow]:
    """Places by id."""
    rows = await db.all(select(Place).where(Place.id.in_(ids)))
    return {row.id: PlaceRow(row.id, row.name, row.latitude, row.longitude) for row in rows}
