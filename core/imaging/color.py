"""Colour: any picture to eight-bit sRGB, and the colour that speaks for it."""

import itertools

import numpy as np
import pyvips
from numpy.typing import NDArray

_PROFILE = "icc-profile-data"
_SHADES = (0, 32, 64, 128, 192, 255)
_CUBE = bytes(itertools.chain.from_iterable(itertools.product(_SHADES, repeat=3)))


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """The picture in eight-bit sRGB, with its alpha if it has one and without a profile.

    A profile that cannot be read, or belongs to another kind of picture, counts as none.
    """
    if image.get_typeof(_PROFILE) and not _says_srgb(image):
        image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=8)
    image = image.colourspace("srgb").cast("uchar").copy()
    image.remove(_PROFILE)
    return image


def _says_srgb(image: pyvips.Image) -> bool:
    """Whether the profile maps a cube of colours to itself; skipping the transform saves two thirds of a decode."""
    if image.interpretation != "srgb" or image.format != "uchar":
        return False
    cube = pyvips.Image.new_from_memory(_CUBE, len(_CUBE) // 3, 1, 3, "uchar").copy(interpretation="srgb")
    cube.set_type(pyvips.GValue.blob_type, _PROFILE, image.get(_PROFILE))
    seen = bytes(cube.icc_transform("srgb", embedded=True, intent="relative", depth=8).write_to_memory())
    return all(abs(before - after) <= 1 for before, after in zip(_CUBE, seen, strict=True))


def dominant(pixels: NDArray[np.uint8]) -> str:
    """The mean of the fullest of 512 colour bins, as `#rrggbb`."""
    colours = pixels.reshape(-1, 3)
    bins = (colours >> 5).astype(int) @ (64, 8, 1)
    fullest = colours[bins == np.bincount(bins).argmax()]
    return "#" + bytes(fullest.mean(axis=0).round().astype(int).tolist()).hex()
