"""The viewer's own privacy settings."""

from collections.abc import Sequence
from uuid import UUID

from loaders.base import Scope
from services import privacy
from services.privacy import PrivacyRow


async def privacy_by_id(scope: Scope, user_ids: Sequence[UUID]) -> list[PrivacyRow | None]:
    """The viewer's own settings; those of others are None."""
    async with scope.reading() as db:
        found = await privacy.own_settings(db, scope.viewer, user_ids)
    return [found.get(user_id) for user_id in user_ids]
