"""Places."""

from collections.abc import Sequence
from uuid import UUID

from loaders.base import Scope
from services.places import PlaceRow, places


async def places_by_id(scope: Scope, ids: Sequence[UUID]) -> list[PlaceRow | None]:
    """Places by id; None where there is none."""
    async with scope.reading() as db:
        found = await places(db, list(ids))
    return [found.get(place_id) for place_id in ids]
