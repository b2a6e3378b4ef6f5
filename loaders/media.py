"""Pictures and uploads by their own id."""

from collections.abc import Sequence

from core.ids import MediaId, UploadId
from loaders.base import Scope
from services.media import announcing
from services.visibility.media import media
from services.visibility.rows import VisibleMedia, VisibleUpload
from services.visibility.uploads import uploads


async def media_by_id(scope: Scope, ids: Sequence[MediaId]) -> list[VisibleMedia | None]:
    """Pictures as the viewer sees them; None where there is none."""
    async with scope.reading() as db:
        found = await media(db, scope.viewer, ids)
    return [found.get(media_id) for media_id in ids]


async def uploads_by_id(scope: Scope, ids: Sequence[UploadId]) -> list[VisibleUpload | None]:
    """The viewer's own uploads; others are None."""
    async with scope.reading() as db:
        found = await uploads(db, scope.viewer, ids)
    return [found.get(upload_id) for upload_id in ids]


async def uploads_sent(scope: Scope, rows: Sequence[VisibleUpload]) -> list[bool]:
    """Whether the bytes of open uploads are in storage; others need none any more."""
    still_open = [row for row in rows if row.state == "OPEN"]
    sent = await announcing.find_sent(scope.backends.store, still_open)
    return [row.id in sent for row in rows]
