"""People tagged in pictures."""

from collections.abc import Sequence

from core.ids import MediaId
from loaders.base import Loaders, Scope
from loaders.profiles import users_by_id
from services.visibility import tags
from services.visibility.rows import VisibleTag


async def media_tags(scope: Scope, ids: Sequence[MediaId]) -> list[tuple[VisibleTag, ...]]:
    """Whom the viewer may see tagged in pictures that the viewer sees."""
    async with scope.reading() as db:
        found = await tags.tags(db, scope.viewer, ids)
    return [found.get(media_id, ()) for media_id in ids]


async def read_tags(loaders: Loaders, ids: Sequence[MediaId]) -> list[tuple[VisibleTag, ...]]:
    """As `media_tags`; the people are remembered for whoever loads them next."""
    found = await loaders.load(media_tags, ids)
    loaders.prime(users_by_id, {tag.person.id: tag.person for each in found for tag in each})
    return found
