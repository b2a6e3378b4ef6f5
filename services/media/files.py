"""Where the files of an upload lie in the object store, and which of them are wanted."""

from collections.abc import Iterable
from uuid import UUID

from core.ids import UploadId
from core.storage.keys import Area, area_of, in_area, require_key
from services.media.records import Record


def incoming_key(upload_id: UploadId) -> str:
    """Where the client sends the bytes."""
    return require_key(_folder(Area.INCOMING, upload_id))


def original_key(upload_id: UploadId) -> str:
    """Where the bytes are kept as they came; no signed address leads there."""
    return require_key(_folder(Area.ORIGINALS, upload_id))


def rendition_key(upload_id: UploadId, sha256: str, extension: str) -> str:
    """Where a rendition lies: other content has another key, so that an address never changes what it shows."""
    return require_key(f"{_folder(Area.PRIVATE, upload_id)}/{sha256}.{extension}")


def public_key(key: str) -> str:
    """Where the public copy of a rendition lies."""
    return in_area(key, Area.PUBLIC)


def prefixes(upload_id: UploadId) -> list[str]:
    """What the keys of all files of one upload begin with."""
    return [_folder(area, upload_id) for area in Area]


def prefix_of(area: Area, owner_id: UUID) -> str:
    """What the keys of all files of one owner in an area begin with."""
    return f"{area}/{owner_id.hex[-2:]}/{owner_id.hex}/"


def upload_of(key: str) -> UploadId | None:
    """Whose file it is; None for a key that was not made here."""
    try:
        _, _, owner, upload, *_ = key.split("/")
        return UploadId(UUID(owner), UUID(upload))
    except ValueError:
        return None


def expected(record: Record) -> set[str]:
    """The files that must be there."""
    if record.made is None or record.state == "FAILED":
        return set()
    made = record.made
    originals = {made.original_key} if made.original_key else set()
    copies = {public_key(key) for key in made.rendition_keys} if made.is_public else set()
    return originals | made.rendition_keys | copies


def unwanted(keys: Iterable[str], record: Record | None) -> list[str]:
    """Those among the files of one upload that nothing needs any more."""
    return [key for key in keys if not _is_wanted(key, record)]


def _folder(area: Area, upload_id: UploadId) -> str:
    return f"{prefix_of(area, upload_id.user_id)}{upload_id.id.hex}"


def _is_wanted(key: str, record: Record | None) -> bool:
    if record is None or record.made is None or record.state == "FAILED":
        return False
    match area_of(key):
        case Area.INCOMING:
            return record.made.original_key is None
        case Area.ORIGINALS:
            return True
        case Area.PRIVATE if record.state == "PROCESSING":
            return True
    return key in expected(record)
