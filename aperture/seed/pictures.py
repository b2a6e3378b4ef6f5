"""Pictures for the seeded world: small landscapes, seas, cities and shapes, drawn by numbers alone."""

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

import numpy as np
import pyvips
from numpy.typing import NDArray

Canvas: TypeAlias = NDArray[np.float32]
Color: TypeAlias = tuple[int, int, int]

WIDTH: Final = 864
HEIGHTS: Final = (864, 1080, 648)

_LIT_WINDOWS: Final = 0.3

_PALETTES: Final[tuple[tuple[Color, Color, Color, Color], ...]] = (
    ((255, 183, 132), (246, 98, 114), (96, 62, 118), (38, 32, 72)),
    ((190, 228, 240), (110, 175, 205), (44, 98, 132), (18, 48, 74)),
    ((252, 232, 200), (232, 176, 96), (154, 98, 62), (72, 48, 44)),
    ((214, 240, 212), (126, 188, 148), (52, 118, 98), (22, 58, 60)),
    ((248, 214, 224), (216, 142, 172), (128, 88, 136), (58, 44, 84)),
    ((238, 236, 226), (182, 186, 176), (104, 116, 112), (44, 54, 58)),
)


def draw(random: Random) -> tuple[bytes, int, int]:
    """A JPEG with its width and height; the same state of `random` gives the same picture."""
    height = random.choice(HEIGHTS)
    palette = random.choice(_PALETTES)
    picture = random.choice(_MOTIFS)(random, palette, height)
    return _jpeg(picture), WIDTH, height


def portrait(random: Random) -> tuple[bytes, int, int]:
    """A square picture for a profile: a calm shape on a ground of its own color."""
    side = 320
    light, warm, cool, dark = random.choice(_PALETTES)
    canvas = _shade(warm, light, side, side)
    x, y = _grid(side, side)
    _fill(canvas, _disc(x, y, 0.5, 0.40, 0.17, 1.0), dark)
    _fill(canvas, _disc(x, y, 0.5, 1.02, 0.38, 1.0), cool)
    return _jpeg(canvas), side, side


def _jpeg(canvas: Canvas) -> bytes:
    pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    data: bytes = pyvips.Image.new_from_array(pixels, interpretation="srgb").jpegsave_buffer(Q=88)
    return data


def _hills(random: Random, palette: tuple[Color, ...], height: int) -> Canvas:
    light, warm, cool, dark = palette
    canvas = _shade(warm, light, WIDTH, height)
    x, y = _grid(WIDTH, height)
    _fill(canvas, _disc(x, y, random.uniform(0.2, 0.8), random.uniform(0.2, 0.4), 0.09, height / WIDTH), light)
    for layer in range(5):
        share = layer / 4
        base = 0.45 + 0.11 * layer
        ridge = base + sum(
            random.uniform(0.01, 0.05) / wave * np.sin(x[0] * 2.4 * wave * np.pi + random.uniform(0, 6.3))
            for wave in (1, 2, 5)
        )
        _fill(canvas, y > ridge, _mix(cool, dark, share))
    return canvas


def _sea(random: Random, palette: tuple[Color, ...], height: int) -> Canvas:
    light, warm, cool, dark = palette
    canvas = _shade(warm, light, WIDTH, height)
    x, y = _grid(WIDTH, height)
    horizon, sun = random.uniform(0.45, 0.6), random.uniform(0.25, 0.75)
    _fill(canvas, _disc(x, y, sun, horizon - 0.08, 0.11, height / WIDTH), light)
    water = y > horizon
    depth = np.clip((y - horizon) / (1 - horizon), 0, 1)[..., None]
    sea = np.array(cool, np.float32) * (1 - depth) + np.array(dark, np.float32) * depth
    canvas[water] = sea[water]
    ripple = np.sin(np.maximum(y - horizon, 0) ** 0.6 * 90 + np.sin(x * 25) * 0.8) > random.uniform(0.55, 0.8)
    _fill(canvas, water & ripple & (np.abs(x - sun) < 0.05 + (y - horizon) * 0.35), _mix(light, cool, 0.2))
    return canvas


def _city(random: Random, palette: tuple[Color, ...], height: int) -> Canvas:
    light, warm, cool, dark = palette
    canvas = _shade(cool, warm, WIDTH, height)
    for layer in range(3):
        left = -random.uniform(0, 0.05)
        while left < 1:
            width, top = random.uniform(0.06, 0.14), 0.75 - 0.14 * (2 - layer) * random.uniform(0.3, 1.6)
            rows = slice(int(max(top, 0.08) * height), height)
            columns = slice(max(0, int(left * WIDTH)), int((left + width) * WIDTH))
            canvas[rows, columns] = _mix(cool, dark, 0.35 + 0.3 * layer)
            _light_windows(canvas[rows, columns], random, light)
            left += width + random.uniform(0, 0.03)
    return canvas


def _light_windows(tower: Canvas, random: Random, light: Color) -> None:
    for row in range(24, tower.shape[0] - 20, 34):
        for column in range(14, tower.shape[1] - 16, 26):
            if random.random() < _LIT_WINDOWS:
                tower[row : row + 16, column : column + 11] = light


def _shapes(random: Random, palette: tuple[Color, ...], height: int) -> Canvas:
    light, *others = palette
    canvas = _shade(light, _mix(light, others[0], 0.3), WIDTH, height)
    x, y = _grid(WIDTH, height)
    for _ in range(random.randint(5, 9)):
        place = random.uniform(0.1, 0.9), random.uniform(0.1, 0.9)
        size = random.uniform(0.06, 0.26)
        disc = _disc(x, y, *place, size, height / WIDTH)
        hole = _disc(x, y, *place, size * random.uniform(0, 0.8), height / WIDTH)
        _fill(canvas, disc & ~hole, random.choice(others))
    return canvas


def _stripes(random: Random, palette: tuple[Color, ...], height: int) -> Canvas:
    x, y = _grid(WIDTH, height)
    angle, bends = random.uniform(0, 3.1), random.uniform(0.02, 0.12)
    along = x * np.cos(angle) + y * np.sin(angle) + bends * np.sin(y * 9 + x * 4)
    share = (along * random.uniform(3, 7)) % 4
    canvas = np.zeros((height, WIDTH, 3), np.float32)
    for place, color in enumerate(palette):
        following = palette[(place + 1) % 4]
        band = np.clip(share - place, 0, 1)[..., None] ** 6
        mixed = np.array(color, np.float32) * (1 - band) + np.array(following, np.float32) * band
        inside = (share >= place) & (share < place + 1)
        canvas[inside] = mixed[inside]
    return canvas


_MOTIFS: Final[tuple[Callable[[Random, tuple[Color, ...], int], Canvas], ...]] = (
    _hills,
    _hills,
    _sea,
    _city,
    _shapes,
    _stripes,
)


def _grid(width: int, height: int) -> tuple[Canvas, Canvas]:
    """Positions of all pixels from the left and from the top, each from 0 to 1."""
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :].repeat(height, axis=0)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    return x, y.repeat(width, axis=1)


def _shade(top: Color, bottom: Color, width: int, height: int) -> Canvas:
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return column.repeat(width, axis=1)


def _disc(x: Canvas, y: Canvas, left: float, top: float, radius: float, ratio: float) -> NDArray[np.bool_]:
    return (x - left) ** 2 + ((y - top) * ratio) ** 2 < radius**2


def _fill(canvas: Canvas, where: NDArray[np.bool_], color: Color) -> None:
    canvas[where] = color


def _mix(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
