"""Rendering, in a limited child alone: one decode, a cascade of shrinking steps, every size in every format."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyvips
from numpy.typing import NDArray

from core.imaging import blurhash, color
from core.imaging.load import load
from core.imaging.pictures import (
    CENTRE,
    MAX_SIDE,
    FailureCode,
    Focal,
    ImageFormat,
    ImageSize,
    Picture,
    Rendition,
    UnusablePicture,
)

SQUARE = 150
OPAQUE = 255
WIDTHS = {ImageSize.FULL: 1080, ImageSize.FEED: 720, ImageSize.SMALL: 480, ImageSize.GRID: 320}

# How libvips, libjpeg, libheif and GLib say that the limit of the process was reached.
_NO_MEMORY = ("out of memory", "insufficient memory", "memory allocation", "creating thread")


def render(source: bytes, focal: Focal = CENTRE) -> Picture:
    """Every size of a picture, upright, in sRGB, without a trace of where and with what it was taken.

    Nothing is blown up: a size is made if the picture is wider than the next smaller size, at the picture's own width
    where that is less. Raises `UnusablePicture`.
    """
    with _telling(FailureCode.DAMAGED):
        content_type, image = load(source)
        decoded = _decode(image)
    with _telling(FailureCode.INTERNAL):
        return _picture(content_type, decoded, focal, keeps_chroma=_keeps_chroma(image))


@contextmanager
def _telling(otherwise: FailureCode) -> Iterator[None]:
    """What a native library raises inside is told as a picture too large for this process, or else as `otherwise`."""
    try:
        yield
    except MemoryError:
        raise UnusablePicture(FailureCode.TOO_LARGE, "memory") from None
    except pyvips.Error as error:
        is_too_large = any(sign in str(error).lower() for sign in _NO_MEMORY)
        raise UnusablePicture(FailureCode.TOO_LARGE if is_too_large else otherwise, str(error)) from None


def _decode(image: pyvips.Image) -> pyvips.Image:
    """All pixels, once, still lying as they were stored; an alpha channel that hides nothing is dropped."""
    image = color.to_srgb(image).copy_memory()
    return image[:3] if image.hasalpha() and image[3].min() == OPAQUE else image


def _keeps_chroma(image: pyvips.Image) -> bool:
    """Whether the upload has colour in full resolution; what a JPEG has already halved is not worth storing whole."""
    return not image.get_typeof("jpeg-chroma-subsample") or image.get("jpeg-chroma-subsample") != "4:2:0"


def _picture(content_type: str, decoded: pyvips.Image, focal: Focal, *, keeps_chroma: bool) -> Picture:
    upright = decoded.autorot()
    steps = dict(_cascade(decoded, upright.width))
    steps[ImageSize.THUMBNAIL] = _square([*reversed(steps.values()), upright], focal)
    renditions = [rendition for size in ImageSize if size in steps for rendition in _encoded(size, steps[size])]
    original = _jpeg(upright, quality=90, subsample_mode="off" if keeps_chroma else "on")
    whole = Rendition.of(ImageSize.ORIGINAL, ImageFormat.JPEG, upright.width, upright.height, original)
    smallest = _flat(steps[ImageSize.GRID])
    pixels = _pixels(smallest.thumbnail_image(32, height=24, size="force"))
    return Picture(
        content_type=content_type,
        width=upright.width,
        height=upright.height,
        blurhash=blurhash.encode(pixels),
        dominant_color=color.dominant(pixels),
        placeholder=_placeholder(smallest),
        renditions=(*renditions, whole),
    )


def _cascade(decoded: pyvips.Image, width: int) -> Iterator[tuple[ImageSize, pyvips.Image]]:
    """Each size made from the next larger one, largest first; the first step turns upright, after shrinking."""
    image = decoded
    next_smaller = [*list(WIDTHS.values())[1:], 0]
    for (size, target), enough in zip(WIDTHS.items(), next_smaller, strict=True):
        if width > enough:
            image = image.thumbnail_image(target, height=MAX_SIDE, size="down").copy_memory()
            yield size, image


def _square(steps: list[pyvips.Image], focal: Focal) -> pyvips.Image:
    """The largest square around the focal point, cut from the smallest step that is sharp enough for it."""
    image = next((step for step in steps if min(step.width, step.height) >= SQUARE), steps[-1])
    side = min(image.width, image.height)
    left, top = (
        round(min(max(share * length - side / 2, 0), length - side))
        for share, length in zip(focal, (image.width, image.height), strict=True)
    )
    return image.crop(left, top, side, side).thumbnail_image(SQUARE, size="down").copy_memory()


def _encoded(size: ImageSize, image: pyvips.Image) -> Iterator[Rendition]:
    """A step in both formats; WebP alone keeps what is transparent."""
    for format_, data in (
        (ImageFormat.JPEG, _jpeg(image, quality=82, subsample_mode="on")),
        (ImageFormat.WEBP, image.webpsave_buffer(Q=80, effort=1, keep=0)),
    ):
        yield Rendition.of(size, format_, image.width, image.height, data)


def _jpeg(image: pyvips.Image, *, quality: int, subsample_mode: str) -> bytes:
    data: bytes = _flat(image).jpegsave_buffer(Q=quality, subsample_mode=subsample_mode, keep=0)
    return data


def _flat(image: pyvips.Image) -> pyvips.Image:
    return image.flatten(background=255) if image.hasalpha() else image


def _pixels(image: pyvips.Image) -> NDArray[np.uint8]:
    return np.frombuffer(image.write_to_memory(), np.uint8).reshape(image.height, image.width, 3)


def _placeholder(image: pyvips.Image) -> str:
    """At most 16 pixels a side, some 200 bytes."""
    tiny = image.thumbnail_image(16, height=16, size="down")
    return "data:image/webp;base64," + b64encode(tiny.webpsave_buffer(Q=40, effort=4, keep=0)).decode()
