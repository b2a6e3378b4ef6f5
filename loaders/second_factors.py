"""The viewer's own second factor."""

from collections.abc import Sequence
from uuid import UUID

from loaders.base import Scope
from services.auth import second_factors
from services.auth.second_factors import SecondFactorRow


async def own_second_factors(scope: Scope, user_ids: Sequence[UUID]) -> list[SecondFactorRow | None]:
    """What the viewer is told of the own second factor; those of others are None."""
    async with scope.reading() as db:
        found = await second_factors.own_rows(db, scope.viewer, user_ids)
    return [found.get(user_id) for user_id in user_ids]
