"""Announcing, completing and calling off uploads."""

import strawberry

from core.errors import NotFound
from core.ids import UploadId, new_uuid
from schema import nodes
from schema.context import Context
from schema.mutation import mutation
from schema.uploads import (
    BeginUploadInput,
    BeginUploadPayload,
    CancelUploadInput,
    CancelUploadPayload,
    CompleteUploadInput,
    CompleteUploadPayload,
    Upload,
)
from services.media import announcing, completing
from services.media.announcing import Announcement


@strawberry.type
class MediaMutations:
    @mutation
    async def begin_upload(ctx: Context, *, input: BeginUploadInput) -> BeginUploadPayload:
        announced = _announcement(input)
        announcing.check(announced)
        fresh_id = UploadId(ctx.viewer.user_id, new_uuid())
        is_here = await _bring_same(ctx, announced, fresh_id)
        upload_id = await ctx.write_once(
            lambda tx: announcing.begin_upload(tx, ctx.viewer, fresh_id, announced, is_here=is_here),
            key=input.idempotency_key or None,
            of=input,
            result=UploadId,
        )
        return BeginUploadPayload(upload=await nodes.one(ctx, upload_id, Upload))

    @mutation
    async def complete_upload(ctx: Context, *, input: CompleteUploadInput) -> CompleteUploadPayload:
        upload_id = UploadId.parse(input.upload_id)
        ctx.renew(fresh=True)
        before = await _require_upload(ctx, upload_id)
        completing.require_usable(before.row)
        # Storage is asked before the transaction begins: nothing waits for the network while rows are locked.
        is_open = before.row.state == "OPEN"
        arrived = await ctx.backends.store.head(before.row.storage_key) if is_open else None
        await ctx.write(lambda tx: completing.complete_upload(tx, ctx.viewer, upload_id, arrived))
        return CompleteUploadPayload(upload=await _require_upload(ctx, upload_id))

    @mutation
    async def cancel_upload(ctx: Context, *, input: CancelUploadInput) -> CancelUploadPayload:
        upload_id = UploadId.parse(input.upload_id)
        await ctx.write(lambda tx: completing.cancel_upload(tx, ctx.viewer, upload_id))
        return CancelUploadPayload(upload=await nodes.one(ctx, upload_id, Upload))


def _announcement(input: BeginUploadInput) -> Announcement:
    return Announcement(
        purpose=input.purpose.value,
        content_type=input.content_type,
        byte_size=input.byte_size,
        width=input.width or None,
        height=input.height or None,
        sha256=input.sha256 or None,
        file_name=input.file_name or None,
    )


async def _bring_same(ctx: Context, announced: Announcement, upload_id: UploadId) -> bool:
    """Spare the person sending a file again that is kept already."""
    async with ctx.loaders.scope.reading() as db:
        kept = await announcing.find_same(db, ctx.viewer, announced)
    return kept is not None and await announcing.bring(ctx.backends.store, kept, upload_id)


async def _require_upload(ctx: Context, upload_id: UploadId) -> Upload:
    upload = await nodes.one(ctx, upload_id, Upload)
    if upload is None:
        raise NotFound(("input", "uploadId"), id=str(upload_id))
    return upload
