"""Uploads, seen by their owner alone."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Uuid, any_, literal, select

from core.db import Read
from core.errors import NotFound
from core.ids import UploadId
from core.viewer import Viewer
from models.media import Upload
from services.visibility.rows import UploadRow, VisibleUpload

_COLUMNS = (
    Upload.id,
    Upload.state,
    Upload.purpose,
    Upload.file_name,
    Upload.content_type,
    Upload.byte_size,
    Upload.received_bytes,
    Upload.sha256,
    Upload.storage_key,
    Upload.stage,
    Upload.fraction,
    Upload.failure_code,
    Upload.created_at,
    Upload.expires_at,
)


async def uploads(db: Read, viewer: Viewer, ids: Sequence[UploadId]) -> Mapping[UploadId, VisibleUpload]:
    """The viewer's own uploads, by id."""
    own = [one.id for one in ids if one.user_id == viewer.id]
    if not own:
        return {}
    statement = select(*_COLUMNS).where(Upload.user_id == viewer.id, Upload.id == any_(literal(own, ARRAY(Uuid))))
    rows = (dict(row) for row in (await db.execute(statement)).mappings())
    found = (UploadRow(**row | {"id": UploadId(viewer.user_id, row["id"])}) for row in rows)
    return {row.id: VisibleUpload(row) for row in found}


async def require_upload(db: Read, viewer: Viewer, upload_id: UploadId) -> VisibleUpload:
    """The upload, or `NotFound`."""
    try:
        return (await uploads(db, viewer, [upload_id]))[upload_id]
    except KeyError:
        raise NotFound(id=str(upload_id)) from None
