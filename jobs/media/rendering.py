"""From a file as it came to pictures in every size."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from core.events import UploadCompleted, UploadDropped, UploadFinished
from core.ids import UploadId
from core.imaging.pictures import FailureCode, Rendition, UnusablePicture
from core.imaging.sniff import HEAD_BYTES, sniff
from core.storage.keys import Area, area_of
from core.storage.port import MissingObject, StoredObject
from jobs.base import JobContext, consequence
from services.media import files, processing, records, sweeping
from services.media.processing import Rendered, Stage
from services.media.records import Record
from services.tasks import Claim
from services.visibility.rows import RenditionRow

TRIES = 6


@consequence(kind="outside", tries=TRIES, timeout=300, queue="media")
async def process_upload(ctx: JobContext, event: UploadCompleted, claim: Claim) -> None:
    """Keep the original, check it, render it; a picture fails at once, a fault of our own after the last try."""
    upload_id = UploadId(event.user_id, event.upload_id)
    try:
        failure = await _process(ctx, upload_id)
    except UnusablePicture as unusable:
        if unusable.code is FailureCode.INTERNAL and claim.tries < TRIES:
            raise
        failure = unusable.code
    if failure is not None:
        code = failure
        await ctx.db.write(lambda tx: processing.fail(tx, upload_id, code))


@consequence(kind="outside")
async def tidy_up(ctx: JobContext, event: UploadFinished | UploadDropped, _: Claim) -> None:
    """Remove the files of an upload that nothing needs after its end."""
    await _tidy(ctx, UploadId(event.user_id, event.upload_id))


async def _process(ctx: JobContext, upload_id: UploadId) -> str | None:
    """Answers an `UploadFailureCode` if the bytes are not those that were announced."""
    with TemporaryDirectory(prefix="aperture-upload-") as folder:
        source = Path(folder) / "source"
        # Once more, if another focal point was chosen meanwhile.
        while record := await _in_process(ctx, upload_id):
            stored = await _fetch(ctx, record, source)
            failure = await asyncio.to_thread(_objection, record, stored, source)
            if failure or await _render(ctx, record, source, stored):
                return failure
    await _tidy(ctx, upload_id)
    return None


async def _in_process(ctx: JobContext, upload_id: UploadId) -> Record | None:
    """The upload, unless it has ended meanwhile or in an earlier try."""
    async with ctx.db.reading(fresh=True) as db:
        record = await records.find(db, upload_id)
    return record if record and record.made and record.state == "PROCESSING" else None


async def _fetch(ctx: JobContext, record: Record, target: Path) -> StoredObject:
    """Keep the original for good, unless an earlier try did, and bring it here."""
    await _advance(ctx, record, "INSPECTING")
    key = files.original_key(record.id)
    try:
        if record.made and record.made.original_key is None:
            await ctx.store.copy(record.storage_key, key)
            await ctx.db.write(lambda tx: processing.keep_original(tx, record.id, key))
        return await ctx.store.get_to(key, target)
    except MissingObject as missing:
        raise UnusablePicture(FailureCode.INTERNAL, f"not in storage: {missing}") from None


def _objection(record: Record, stored: StoredObject, source: Path) -> str | None:
    """Why the bytes are not those that were announced."""
    if stored.byte_size != record.byte_size or record.sha256 not in {None, stored.sha256}:
        return "CHECKSUM"
    with source.open("rb") as file:
        return None if sniff(file.read(HEAD_BYTES)) == record.content_type else "TYPE"


async def _render(ctx: JobContext, record: Record, source: Path, stored: StoredObject) -> bool:
    """Make every size and store it; False if the upload is not as it was when this began."""
    focal = record.made.focal if record.made else None
    if focal is None:
        return False
    await _advance(ctx, record, "RENDERING")
    picture = await ctx.sandbox.render(source, focal)
    await _advance(ctx, record, "PUBLISHING")
    rows = await asyncio.gather(*(_store(ctx, record.id, each) for each in picture.renditions))
    rendered = Rendered(picture, focal, stored.sha256, rows)
    return await ctx.db.write(lambda tx: processing.finish(tx, record.id, rendered))


async def _store(ctx: JobContext, upload_id: UploadId, rendition: Rendition) -> RenditionRow:
    key = files.rendition_key(upload_id, rendition.sha256, rendition.format.lower())
    await ctx.store.put(key, rendition.data, rendition.format.content_type)
    return RenditionRow(
        size=rendition.size,
        format=rendition.format,
        key=key,
        width=rendition.width,
        height=rendition.height,
        byte_size=rendition.byte_size,
    )


async def _advance(ctx: JobContext, record: Record, stage: Stage) -> None:
    await ctx.db.write(lambda tx: processing.advance(tx, record.id, stage))


async def _tidy(ctx: JobContext, upload_id: UploadId) -> None:
    """Files are listed before the row is read: what is put from now on belongs to a later state of it."""
    listed = []
    for prefix in files.prefixes(upload_id):
        async for page in sweeping.listed(ctx.store, prefix):
            listed += [each.key for each in page]
    async with ctx.db.reading(fresh=True) as db:
        record = await records.find(db, upload_id)
    keys = files.unwanted(listed, record)
    # Public copies of what is still there come and go with the posts that show it.
    is_there = record is not None and record.made is not None
    await ctx.store.delete([key for key in keys if not (is_there and area_of(key) is Area.PUBLIC)])
