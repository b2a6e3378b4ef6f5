"""Loading: the checks that come before any pixel is decoded, and the one loader that each kind of file may reach."""

import numpy as np
import pyvips

from core.imaging import sniff
from core.imaging.pictures import MAX_BYTES, MAX_FRAMES, MAX_PIXELS, MAX_SIDE, FailureCode, UnusablePicture

try:
    import pillow_heif
except ImportError:
    pillow_heif = None

pyvips.cache_set_max(0)
pyvips.block_untrusted_set(True)  # noqa: FBT003 - a setter of libvips

_LOADERS = {
    sniff.JPEG: pyvips.Image.jpegload_buffer,
    sniff.PNG: pyvips.Image.pngload_buffer,
    sniff.WEBP: pyvips.Image.webpload_buffer,
    sniff.GIF: pyvips.Image.gifload_buffer,
    sniff.AVIF: pyvips.Image.heifload_buffer,
}


def load(source: bytes) -> tuple[str, pyvips.Image]:
    """The kind of a file and its first frame, not decoded yet; refuses other kinds and sizes above the limits."""
    if len(source) > MAX_BYTES:
        raise UnusablePicture(FailureCode.TOO_LARGE, "bytes")
    kind = sniff.sniff(source[: sniff.HEAD_BYTES])
    if kind == sniff.HEIC and pillow_heif:
        return kind, _load_heic(source)
    if kind not in _LOADERS:
        raise UnusablePicture(FailureCode.TYPE)
    image = _LOADERS[kind](source, access="sequential", fail_on="error")
    _check(image.width, image.height, image.get("n-pages") if image.get_typeof("n-pages") else 1)
    return kind, image


def _load_heic(source: bytes) -> pyvips.Image:
    """HEIC comes upright from its own decoder, with its profile."""
    try:
        heif = pillow_heif.open_heif(source, convert_hdr_to_8bit=True)
        width, height = heif.size
        _check(width, height, len(heif))
        image = pyvips.Image.new_from_array(np.asarray(heif), interpretation="srgb")
    except (ValueError, EOFError, SyntaxError, RuntimeError) as error:
        raise UnusablePicture(FailureCode.DAMAGED, str(error)) from None
    if profile := heif.info.get("icc_profile"):
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _check(width: int, height: int, frames: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE or frames > MAX_FRAMES:
        raise UnusablePicture(FailureCode.TOO_LARGE, f"{width} by {height} pixels, {frames} frames")
