"""Pictures to test with: pleasant ones, awkward ones and hostile ones, all made from nothing."""

import io
import struct
import zlib

import numpy as np
import pyvips
from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (220, 30, 40), (30, 170, 60), (30, 60, 210), (255, 255, 255)
_ORIENTATION, _MAKE, _GPS = 0x0112, 0x010F, 0x8825
_LATITUDE_REF, _LATITUDE = 1, 2


def corners(width: int = 400, height: int = 300) -> Image.Image:
    """Four flat quarters, so that a turn shows: red and green above, blue and white below."""
    picture = Image.new("RGB", (width, height), RED)
    right, below = width // 2, height // 2
    picture.paste(GREEN, (right, 0, width, below))
    picture.paste(BLUE, (0, below, right, height))
    picture.paste(WHITE, (right, below, width, height))
    return picture


def landscape(width: int, height: int, seed: int = 1) -> Image.Image:
    """Something with the detail of a photograph: soft shapes, finer ones on them, and a little noise."""
    random = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), 128, np.float32)
    for shapes, strength in ((8, 40), (32, 20), (128, 10), (512, 5), (2048, 2.5)):
        for channel in range(3):
            coarse = random.normal(0, strength, (max(2, shapes * height // width), shapes)).astype(np.float32)
            fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
            pixels[..., channel] += np.asarray(fine)
    pixels += random.normal(0, 2, (height, width, 1)).astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    """The file that Pillow writes."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def jpeg(width: int = 400, height: int = 300) -> bytes:
    return encoded(corners(width, height), "JPEG", quality=90)


def jpeg_of_a_phone() -> bytes:
    """Held sideways (orientation 6), with the place and the maker of the phone in it."""
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = 6, "Lookhere Phones"
    exif.get_ifd(_GPS).update({_LATITUDE_REF: "N", _LATITUDE: (52.0, 31.0, 12.0)})
    return encoded(corners(), "JPEG", quality=90, exif=exif, comment=b"Lookhere")


def png() -> bytes:
    return encoded(corners(), "PNG")


def transparent_png() -> bytes:
    """Red on the left; the right half cannot be seen at all."""
    picture = Image.new("RGBA", (400, 300), (*RED, 255))
    picture.paste((0, 0, 0, 0), (200, 0, 400, 300))
    return encoded(picture, "PNG")


def wide_gamut_png(color: tuple[int, int, int]) -> bytes:
    """One colour given in Display P3."""
    return encoded(Image.new("RGB", (200, 200), color), "PNG", icc_profile=display_p3())


def display_p3() -> bytes:
    """The profile of phones and laptops with a wide gamut."""
    grey = pyvips.Image.black(1, 1, bands=3).cast("uchar").copy(interpretation="srgb")
    profile: bytes = grey.icc_transform("p3", input_profile="srgb").get("icc-profile-data")
    return profile


def srgb() -> bytes:
    """The profile that most pictures carry, in the long form."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def sixteen_bit_png() -> bytes:
    """A grey ramp in 16 bits."""
    ramp = np.tile(np.linspace(0, 65535, 400).astype(np.uint16), (300, 1))
    return encoded(Image.fromarray(ramp), "PNG")


def cmyk_jpeg() -> bytes:
    """Pure magenta ink for a press."""
    return encoded(Image.new("CMYK", (400, 300), (0, 255, 0, 0)), "JPEG")


def animated_gif(frames: int = 3, side: int = 64) -> bytes:
    """The first frame is red, all others are blue."""
    first, other = Image.new("RGB", (side, side), RED), Image.new("RGB", (side, side), BLUE)
    rest = [other if at % 2 else Image.new("RGB", (side, side), GREEN) for at in range(1, frames)]
    return encoded(first, "GIF", save_all=True, append_images=rest)


def webp() -> bytes:
    return encoded(corners(), "WEBP")


def avif() -> bytes:
    return encoded(corners(), "AVIF")


def truncated_jpeg() -> bytes:
    whole = encoded(landscape(800, 600), "JPEG")
    return whole[: len(whole) // 2]


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A valid grey PNG of a few kilobytes that unfolds to 900 million pixels."""
    row = b"\0" + bytes(width // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row * 1000) for _ in range(height // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (header, packed, b"")))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_bomb() -> bytes:
    """A small JPEG whose header claims 65,500 by 65,500 pixels."""
    small = bytearray(encoded(corners(16, 16), "JPEG", progressive=True))
    at = small.index(b"\xff\xc2") + 5
    small[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(small)
