"""Pictures, their sizes and their addresses."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from core.ids import MediaId
from core.imaging.pictures import ImageFormat as Format
from core.imaging.pictures import ImageSize as Size
from loaders.media import media_by_id
from loaders.tags import read_tags
from schema import nodes
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from schema.nodes import Node
from schema.scalars import URL, BigInt, Blurhash, HexColor
from schema.tags import MediaTag, MediaTagInput
from services.media import addresses
from services.visibility.rows import RenditionRow, VisibleMedia


@strawberry.enum
class UploadPurpose(Enum):
    POST = "POST"
    AVATAR = "AVATAR"


@strawberry.enum
class MediaStatus(Enum):
    UPLOADING = "UPLOADING"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"


@strawberry.enum
class ImageSize(Enum):
    THUMBNAIL = "THUMBNAIL"
    GRID = "GRID"
    SMALL = "SMALL"
    FEED = "FEED"
    FULL = "FULL"
    ORIGINAL = "ORIGINAL"


@strawberry.enum
class ImageFormat(Enum):
    WEBP = "WEBP"
    JPEG = "JPEG"


@strawberry.interface
class Media(Node):
    row: strawberry.Private[VisibleMedia]

    def global_id(self) -> MediaId:
        return self.row.id

    @attribute
    def status(self) -> MediaStatus:
        return MediaStatus[self.row.status]

    @attribute
    def urls_expire_at(self) -> datetime | None:
        return addresses.good_until(self.row)


@strawberry.interface
class VisualMedia(Media):
    @attribute
    def alt_text(self) -> str | None:
        return self.row.alt_text

    @attribute
    def width(self) -> int:
        return self.row.width

    @attribute
    def height(self) -> int:
        return self.row.height

    @attribute
    def aspect_ratio(self) -> float:
        return self.row.width / self.row.height

    @attribute
    def blurhash(self) -> Blurhash | None:
        return Blurhash(self.row.blurhash) if self.row.blurhash else None

    @attribute
    def placeholder_url(self) -> URL | None:
        return URL(self.row.placeholder) if self.row.placeholder else None

    @attribute
    def dominant_color(self) -> HexColor | None:
        return HexColor(self.row.dominant_color) if self.row.dominant_color else None

    @batched
    async def tags(parents: list["VisualMedia"], ctx: Context) -> list[list[MediaTag]]:
        found = await read_tags(ctx.loaders, [media.row.id for media in parents])
        return [[MediaTag(row=row) for row in rows] for rows in found]


@strawberry.type
class ImageVariant:
    row: strawberry.Private[VisibleMedia]
    file: strawberry.Private[RenditionRow]

    @attribute
    def size(self) -> ImageSize:
        return ImageSize[self.file.size]

    @attribute
    def format(self) -> ImageFormat:
        return ImageFormat[self.file.format]

    @batched
    async def url(parents: list["ImageVariant"], ctx: Context) -> list[URL]:
        return [_url(ctx, each.row, each.file) for each in parents]

    @attribute
    def width(self) -> int:
        return self.file.width

    @attribute
    def height(self) -> int:
        return self.file.height

    @attribute
    def byte_size(self) -> BigInt:
        return BigInt(self.file.byte_size)


@strawberry.type
class Image(VisualMedia):
    @batched
    async def url(
        parents: list["Image"],
        ctx: Context,
        *,
        size: ImageSize | None = ImageSize.FEED,
        format: ImageFormat | None = None,
    ) -> list[URL | None]:
        wanted, preference = Size((size or ImageSize.FEED).value), _formats(ctx, format)
        files = [addresses.best_file(image.row, wanted, preference) for image in parents]
        return [_url(ctx, image.row, file) if file else None for image, file in zip(parents, files, strict=True)]

    @batched
    async def src_set(parents: list["Image"], ctx: Context, *, format: ImageFormat | None = None) -> list[str | None]:
        preferred = _formats(ctx, format)[0]
        files = [addresses.scaled_files(image.row, preferred) for image in parents]
        return [_src_set(ctx, image.row, each) for image, each in zip(parents, files, strict=True)]

    @attribute
    def variants(self) -> list[ImageVariant]:
        return [ImageVariant(row=self.row, file=file) for file in self.row.renditions]


def _formats(ctx: Context, chosen: ImageFormat | None) -> list[Format]:
    """Formats that may be answered, the best first: the one that was asked for, else what the client can show."""
    if chosen is not None:
        return [Format(chosen.value)]
    return [Format.WEBP, Format.JPEG] if Format.WEBP.content_type in ctx.accept else [Format.JPEG]


def _url(ctx: Context, row: VisibleMedia, file: RenditionRow) -> URL:
    return URL(addresses.address(ctx.backends.store, row, file))


def _src_set(ctx: Context, row: VisibleMedia, files: Sequence[RenditionRow]) -> str | None:
    return ", ".join(f"{_url(ctx, row, file)} {file.width}w" for file in files) or None


async def load_images(ctx: Context, ids: Sequence[MediaId]) -> list[Image | None]:
    """Pictures by id, as the viewer sees them."""
    rows = await ctx.loaders.load(media_by_id, ids)
    return [Image(row=row) if row else None for row in rows]


nodes.refetchable(MediaId, load_images)


@strawberry.input
class PointInput:
    x: float
    y: float


@strawberry.input
class MediaAttachmentInput:
    upload_id: strawberry.ID
    alt_text: str | None = strawberry.UNSET
    tags: list[MediaTagInput] | None = strawberry.UNSET
    focal_point: PointInput | None = strawberry.UNSET


@strawberry.input
class UpdateMediaInput:
    media_id: strawberry.ID
    alt_text: str | None = strawberry.UNSET
    tags: list[MediaTagInput] | None = strawberry.UNSET


@strawberry.type
class UpdateMediaPayload(Payload):
    media: VisualMedia | None = None
