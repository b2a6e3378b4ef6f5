"""The kind of a picture, told from its first bytes and from nothing else."""

import importlib.util

JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
GIF = "image/gif"
AVIF = "image/avif"
HEIC = "image/heic"

HEAD_BYTES = 128
"""How much of a file `sniff` wants to see."""

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def accepted_types() -> tuple[str, ...]:
    """Media types that can be rendered here; HEIC is among them where the `heic` extra is installed."""
    usual = (JPEG, PNG, WEBP, GIF, AVIF)
    return (*usual, HEIC) if importlib.util.find_spec("pillow_heif") else usual


def sniff(head: bytes) -> str | None:
    """The media type of a file that begins with `head`, or None for anything that is not a picture we know."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    return None


def _by_brand(head: bytes) -> str | None:
    """AVIF and HEIC share a container: the brands in its first box tell them apart."""
    box = head[: min(int.from_bytes(head[:4], "big"), HEAD_BYTES)]
    brands = {box[at : at + 4] for at in (8, *range(16, len(box) - 3, 4))}
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIC if brands & _HEIC_BRANDS else None
