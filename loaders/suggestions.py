"""People like others, and what is known of suggestions."""

from collections.abc import Sequence
from uuid import UUID

from loaders.base import Scope
from services.suggestions import reading, similar, turns
from services.suggestions.similar import Alike


async def similar_people(scope: Scope, ids: Sequence[UUID]) -> list[Alike]:
    """For each person those most alike, the most alike first."""
    async with scope.reading() as db:
        found = await similar.alike(db, ids)
    return [found[each] for each in ids]


async def follows_standing(scope: Scope, pairs: Sequence[tuple[UUID, UUID]]) -> list[bool]:
    """For each pair whether the first follows the second."""
    async with scope.reading() as db:
        found = await reading.follows_that_stand(db, pairs)
    return [pair in found for pair in pairs]


async def asks_noted(scope: Scope, ids: Sequence[UUID]) -> list[bool]:
    """For each person whether it is written down that they have asked for suggestions within a day."""
    async with scope.reading() as db:
        found = await turns.noted(db, ids)
    return [each in found for each in ids]
