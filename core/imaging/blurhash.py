"""Blurhash: some 28 characters that a client paints as a blurred picture while the real one loads."""

import numpy as np
from numpy.typing import NDArray

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_ACROSS, _DOWN = 4, 3
# Where the sRGB curve turns from a line into a power, seen from either side.
_KNEE_SHADE, _KNEE_LIGHT = 0.04045, 0.0031308

Pixels = NDArray[np.uint8]


def encode(pixels: Pixels) -> str:
    """The hash of an upright sRGB picture (rows, columns, 3); a thumbnail of about 32 by 24 pixels is enough."""
    waves = _waves(_to_linear(pixels))
    mean, details = waves[0], waves[1:]
    step = int(np.clip(np.floor(np.abs(details).max() * 166 - 0.5), 0, 82))
    scaled = details / ((step + 1) / 166)
    levels = np.clip(np.floor(np.sign(scaled) * np.sqrt(np.abs(scaled)) * 9 + 9.5), 0, 18).astype(int)
    red, green, blue = (_to_srgb(part) for part in mean)
    parts = [_digits(_ACROSS - 1 + (_DOWN - 1) * 9, 1), _digits(step, 1), _digits(red << 16 | green << 8 | blue, 4)]
    return "".join([*parts, *(_digits(int(r * 361 + g * 19 + b), 2) for r, g, b in levels)])


def _waves(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first cosine waves of the picture, across before down: twelve rows of red, green, blue; the mean is first."""
    height, width, _ = linear.shape
    across = np.cos(np.pi * np.outer(np.arange(_ACROSS), np.arange(width)) / width)
    down = np.cos(np.pi * np.outer(np.arange(_DOWN), np.arange(height)) / height)
    rows = np.tensordot(down, linear, axes=(1, 0))
    waves: NDArray[np.float64] = np.tensordot(rows, across, axes=(1, 1)).transpose(0, 2, 1).reshape(-1, 3) / (
        width * height
    )
    waves[1:] *= 2
    return waves


def _to_linear(pixels: Pixels) -> NDArray[np.float64]:
    shade = pixels / 255.0
    return np.where(shade <= _KNEE_SHADE, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: float) -> int:
    light = min(max(light, 0.0), 1.0)
    shade = light * 12.92 if light <= _KNEE_LIGHT else 1.055 * light ** (1 / 2.4) - 0.055
    return int(shade * 255 + 0.5)


def _digits(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**place % 83] for place in range(length - 1, -1, -1))
