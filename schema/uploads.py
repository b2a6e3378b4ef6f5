"""Files on their way in."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry

from core.ids import MediaId, UploadId
from core.paging import Page, Window
from loaders.media import uploads_by_id, uploads_sent
from schema import nodes
from schema.connections import Connection, connection, fill_pages
from schema.context import Context
from schema.fields import attribute, batched
from schema.media import Media, UploadPurpose
from schema.mutation import Payload
from schema.nodes import Node
from schema.scalars import URL, BigInt
from services.media import announcing, completing
from services.visibility.rows import VisibleUpload

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer


@strawberry.enum
class UploadState(Enum):
    OPEN = "OPEN"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@strawberry.enum
class ProcessingStage(Enum):
    QUEUED = "QUEUED"
    INSPECTING = "INSPECTING"
    RENDERING = "RENDERING"
    PUBLISHING = "PUBLISHING"


@strawberry.enum
class UploadFailureCode(Enum):
    TYPE = "TYPE"
    DAMAGED = "DAMAGED"
    CHECKSUM = "CHECKSUM"
    TOO_LARGE = "TOO_LARGE"
    INTERNAL = "INTERNAL"


@strawberry.type
class HttpHeader:
    name: str
    value: str


@strawberry.type
class UploadPart:
    number: int
    byte_offset: BigInt
    byte_length: BigInt
    upload: strawberry.Private[VisibleUpload]
    method: str
    url: URL
    headers: list[HttpHeader]
    expires_at: datetime

    @batched
    async def is_received(parents: list["UploadPart"], ctx: Context) -> list[bool]:
        return await ctx.loaders.load(uploads_sent, [part.upload for part in parents])


@strawberry.type
class ProcessingProgress:
    stage: ProcessingStage
    fraction: float


@strawberry.type
class UploadFailure:
    code: UploadFailureCode
    message: str


@strawberry.type
class Upload(Node):
    row: strawberry.Private[VisibleUpload]

    def global_id(self) -> UploadId:
        return self.row.id

    @attribute
    def state(self) -> UploadState:
        return UploadState[self.row.state]

    @attribute
    def purpose(self) -> UploadPurpose:
        return UploadPurpose[self.row.purpose]

    @attribute
    def file_name(self) -> str | None:
        return self.row.file_name

    @attribute
    def content_type(self) -> str:
        return self.row.content_type

    @attribute
    def byte_size(self) -> BigInt:
        return BigInt(self.row.byte_size)

    @batched
    async def received_bytes(parents: list["Upload"], ctx: Context) -> list[BigInt]:
        sent = await ctx.loaders.load(uploads_sent, [upload.row for upload in parents])
        return [
            BigInt(upload.row.byte_size if is_sent else upload.row.received_bytes)
            for upload, is_sent in zip(parents, sent, strict=True)
        ]

    @batched
    async def parts(
        parents: list["Upload"], ctx: Context, *, missing_only: bool | None = False
    ) -> list[list[UploadPart]]:
        rows = [upload.row for upload in parents]
        sent = await ctx.loaders.load(uploads_sent, rows) if missing_only else [False] * len(rows)
        return [
            [_part(ctx, row)] if row.state == "OPEN" and not is_sent else []
            for row, is_sent in zip(rows, sent, strict=True)
        ]

    @batched
    async def media(parents: list["Upload"], ctx: Context) -> list[Media | None]:
        ids = [upload.media_id for upload in parents if upload.row.state != "OPEN"]
        found = dict(zip(ids, await nodes.load(ctx, ids), strict=True))
        return [found.get(upload.media_id) for upload in parents]

    @property
    def media_id(self) -> MediaId:
        """What becomes of the file shares its id."""
        return MediaId(self.row.id.user_id, self.row.id.id)

    @attribute
    def progress(self) -> ProcessingProgress | None:
        if self.row.state != "PROCESSING" or self.row.stage is None:
            return None
        return ProcessingProgress(stage=ProcessingStage[self.row.stage], fraction=self.row.fraction)

    @attribute
    def failure(self) -> UploadFailure | None:
        code = self.row.failure_code
        return UploadFailure(code=UploadFailureCode[code], message=completing.FAILURES[code]) if code else None

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at

    @attribute
    def expires_at(self) -> datetime:
        return self.row.expires_at


@strawberry.type
class UploadsOfViewer:
    @batched
    async def uploads(
        parents: list["Viewer"],
        ctx: Context,
        *,
        first: int | None = 10,
        after: str | None = None,
        states: list[UploadState] | None = None,
    ) -> list[Connection[Upload] | None]:
        names = [state.value for state in states] if states is not None else None

        async def fetch(db: "Read", asked: Sequence[tuple[object, Window]]) -> list[Page[UploadId]]:
            return [await completing.page_of_unused(db, ctx.viewer, names, window) for _, window in asked]

        return [connection(filled) for filled in await fill_pages(ctx, parents, Window(first or 10, after), fetch)]


def _part(ctx: Context, row: VisibleUpload) -> UploadPart:
    """The one part of a picture: all of it."""
    request = announcing.sign(ctx.backends.store, row)
    return UploadPart(
        number=1,
        byte_offset=BigInt(0),
        byte_length=BigInt(row.byte_size),
        upload=row,
        method=request.method,
        url=URL(request.url),
        headers=[HttpHeader(name=name, value=value) for name, value in request.headers.items()],
        expires_at=request.expires_at,
    )


async def load_uploads(ctx: Context, ids: Sequence[UploadId]) -> list[Upload | None]:
    """The viewer's own uploads by id."""
    rows = await ctx.loaders.load(uploads_by_id, ids)
    return [Upload(row=row) if row else None for row in rows]


nodes.refetchable(UploadId, load_uploads)


@strawberry.input
class BeginUploadInput:
    idempotency_key: str | None = strawberry.UNSET
    purpose: UploadPurpose
    content_type: str
    byte_size: BigInt
    sha256: str | None = strawberry.UNSET
    width: int | None = strawberry.UNSET
    height: int | None = strawberry.UNSET
    file_name: str | None = strawberry.UNSET


@strawberry.type
class BeginUploadPayload(Payload):
    upload: Upload | None = None


@strawberry.input
class CompleteUploadInput:
    upload_id: strawberry.ID


@strawberry.type
class CompleteUploadPayload(Payload):
    upload: Upload | None = None


@strawberry.input
class CancelUploadInput:
    upload_id: strawberry.ID


@strawberry.type
class CancelUploadPayload(Payload):
    upload: Upload | None = None
