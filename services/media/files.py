"""Where the files of an upload lie in the object store, and which of them are wanted."""

from collections.abc import Iterable
from uuid import UUID

from core.errors import NotFound
from core.ids import UploadId
from core.storage.keys import Area, area_of, in_area, require_key
from services.media.records import Record


def incoming_key(upload_id: UploadId) -> str:
    """Where the client sends the bytes."""
    return require_key(f"{_folder(Area.INCOMING, upload_id)}")


def original_key(upload_id: UploadId) -> str:
    """Where the bytes are kept as they came; no signed address leads there."""
    return require_key(f"{_folder(Area.ORIGINALS, upload_id)}")


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


def upload_of(key: str) -> UploadId:
    """Whose file it is; raises `NotFound` for a key that was not made here."""
    try:
        _, _, owner, upload, *_ = key.split("/")
        return UploadId(UUID(owner), UUID(upload))
    except ValueError:
        raise NotFound from None


def unwanted(keys: Iterable[str], record: Record | None) -> list[str]:
    """Those among the files of one upload that nothing needs any more."""
    return [key for key in keys if not _is_wanted(key, record)]


def _folder(area: Area, upload_id: UploadId) -> str:
    return f"{prefix_of(area, upload_id.user_id)}{upload_id.id.hex}"


def _is_wanted(key: str, record: Record | None) -> bool:
    if record is None or record.made is None or record.state == "FAILED":
        return False
    made, area = record.made, area_of(key)
    if area is Area.INCOMING:
        return made.original_key is None
    if area is Area.ORIGINALS:
        return True
    if area is Area.PUBLIC:
        return made.is_public and in_area(key, Area.PRIVATE) in made.rendition_keys
    return key in made.rendition_keys or record.state == "PROCESSING"
