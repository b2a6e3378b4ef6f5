"""A finished picture, its renditions, and the one way in which a picture can fail."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

MAX_BYTES = 15_000_000
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000
MAX_FRAMES = 500

Focal = tuple[float, float]
"""The point that stays visible when a picture is cut, in shares of its width and height."""

CENTRE: Focal = (0.5, 0.5)


class ImageSize(StrEnum):
    """The sizes of the contract, smallest first."""

    THUMBNAIL = "THUMBNAIL"
    GRID = "GRID"
    SMALL = "SMALL"
    FEED = "FEED"
    FULL = "FULL"
    ORIGINAL = "ORIGINAL"


class ImageFormat(StrEnum):
    """The formats that are made; AVIF costs seconds a picture and is not."""

    JPEG = "JPEG"
    WEBP = "WEBP"

    @property
    def content_type(self) -> str:
        """The media type to serve it with."""
        return f"image/{self.lower()}"


class FailureCode(StrEnum):
    """Why a picture cannot be used; these are values of the contract's `UploadFailureCode`."""

    TYPE = "TYPE"
    DAMAGED = "DAMAGED"
    TOO_LARGE = "TOO_LARGE"
    INTERNAL = "INTERNAL"


class UnusablePicture(Exception):
    """A picture cannot be rendered; `INTERNAL` alone is our own fault and worth another try."""

    def __init__(self, code: FailureCode, reason: str = "") -> None:
        super().__init__(f"{code}: {reason[:1000]}")
        self.code = code
        self.reason = reason[:1000]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a picture in one format, with its bytes."""

    size: ImageSize
    format: ImageFormat
    width: int
    height: int
    byte_size: int
    sha256: str
    data: bytes

    @classmethod
    def of(cls, size: ImageSize, format: ImageFormat, width: int, height: int, data: bytes) -> "Rendition":
        """The rendition whose file is `data`."""
        return cls(size, format, width, height, len(data), sha256(data).hexdigest(), data)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture once it is rendered: upright size in pixels, stand-ins while it loads, renditions."""

    content_type: str
    width: int
    height: int
    blurhash: str
    dominant_color: str
    placeholder: str
    renditions: tuple[Rendition, ...]


def best_size(wanted: ImageSize, ready: Collection[ImageSize]) -> ImageSize | None:
    """The size that answers for `wanted`: itself, else the next smaller one, else the smallest larger one.

    A picture 600 pixels wide has no `FULL`: its widest rendition is `FEED`, at its own width, and answers for it.
    `THUMBNAIL` is cut, so it stands in for nothing else.
    """
    order = list(ImageSize)
    smaller = [size for size in order[1 : order.index(wanted) + 1] if size in ready]
    if wanted is ImageSize.THUMBNAIL or not smaller:
        return wanted if wanted in ready else None
    return smaller[-1]
