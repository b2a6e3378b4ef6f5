"""The viewer's own links to other services."""

from collections.abc import Sequence
from uuid import UUID

from core.ids import LinkedIdentityId
from loaders.base import Scope
from services.providers import identities
from services.providers.identities import LinkedIdentityRow


async def linked_identities(scope: Scope, user_ids: Sequence[UUID]) -> list[list[LinkedIdentityRow]]:
    """What the viewer has linked; of others nothing is shown."""
    async with scope.reading() as db:
        own = await identities.own(db, scope.viewer)
    return [own if user_id == scope.viewer.id else [] for user_id in user_ids]


async def linked_identities_by_id(scope: Scope, ids: Sequence[LinkedIdentityId]) -> list[LinkedIdentityRow | None]:
    """The viewer's own links; others are None."""
    async with scope.reading() as db:
        found = {row.id: row for row in await identities.own(db, scope.viewer, ids)}
    return [found.get(each) for each in ids]
