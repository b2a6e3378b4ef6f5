"""Objects that no row wants, and rows that miss their objects."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.db import Database, Read
from core.ids import UploadId
from core.storage.keys import Area
from core.storage.port import ListedObject, ObjectStore
from models.media import Upload
from services.media import files, records

_PAGE = 1000
_OWNERS = 200


async def listed(store: ObjectStore, prefix: str) -> AsyncIterator[list[ListedObject]]:
    """All objects whose keys begin with `prefix`, page by page."""
    after = ""
    while page := await store.list_objects(prefix, after, _PAGE):
        yield page
        after = page[-1].key


async def find_unwanted(db: Read, objects: Iterable[ListedObject], before: datetime) -> list[str]:
    """The keys of those objects, stored before a moment, that no upload wants; keys of other makers are left alone."""
    old = {each.key: files.upload_of(each.key) for each in objects if each.stored_at < before}
    found = await records.find_many(db, {one for one in old.values() if one})
    return [key for key, one in old.items() if one and files.unwanted([key], found.get(one))]


async def find_silent(db: Read, objects: Iterable[ListedObject], before: datetime) -> list[tuple[UploadId, str]]:
    """Open uploads whose bytes lie in the incoming area since before a moment, with the key of the bytes."""
    keys = {files.upload_of(each.key): each.key for each in objects if each.stored_at < before}
    found = await records.find_many(db, [one for one in keys if one])
    return [(one, keys[one]) for one, record in found.items() if record.state == "OPEN"]


async def consistency(db: Database, store: ObjectStore) -> list[str]:
    """One sentence for each file that a row names and the store does not have."""
    complaints = []
    last: UUID | None = None
    while owners := await _owners(db, last):
        for owner in owners:
            missing = await _missing(db, store, owner)
            # Whatever is gone because its row has just gone as well is not missed the second time.
            still = await _missing(db, store, owner) if missing else {}
            complaints += [f"{still[key]} misses its object {key}" for key in sorted(missing.keys() & still.keys())]
        last = owners[-1]
    return complaints


async def _missing(db: Database, store: ObjectStore, owner: UUID) -> dict[str, UploadId]:
    async with db.reading(fresh=True) as read:
        found = await records.of_owner(read, owner)
    expected = {key: record.id for record in found for key in files.expected(record)}
    for area in (Area.ORIGINALS, Area.PRIVATE, Area.PUBLIC):
        async for page in listed(store, files.prefix_of(area, owner)):
            for each in page:
                expected.pop(each.key, None)
    return expected


async def _owners(db: Database, after: UUID | None) -> Sequence[UUID]:
    statement = select(Upload.user_id).group_by(Upload.user_id).order_by(Upload.user_id).limit(_OWNERS)
    if after is not None:
        statement = statement.where(Upload.user_id > after)
    async with db.reading(fresh=True) as read:
        return await read.scalars(statement)
