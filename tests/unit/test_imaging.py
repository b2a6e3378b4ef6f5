"""What a picture turns into, and what is refused before it is decoded."""

import base64
import io

import blurhash as oracle
import numpy as np
import pytest
from PIL import Image

from core.imaging import blurhash, color
from core.imaging.pictures import MAX_BYTES, FailureCode, ImageFormat, ImageSize, Picture, UnusablePicture, best_size
from core.imaging.render import render
from core.imaging.sniff import accepted_types, sniff
from tests import pictures

JPEG, WEBP = ImageFormat.JPEG, ImageFormat.WEBP
THUMBNAIL, GRID, SMALL, FEED, FULL, ORIGINAL = ImageSize


def opened(picture: Picture, size: ImageSize, format: ImageFormat = JPEG) -> Image.Image:
    """One rendition, as another program reads it."""
    (found,) = [it for it in picture.renditions if (it.size, it.format) == (size, format)]
    return Image.open(io.BytesIO(found.data))


def is_near(seen: object, wanted: tuple[int, ...], by: int = 8) -> bool:
    return bool(np.abs(np.subtract(np.asarray(seen), wanted)).max() <= by)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (pictures.jpeg(), "image/jpeg"),
        (pictures.png(), "image/png"),
        (pictures.webp(), "image/webp"),
        (pictures.animated_gif(), "image/gif"),
        (pictures.avif(), "image/avif"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_accepted_kind_is_known_by_its_bytes_and_rendered(file: bytes, kind: str) -> None:
    assert kind in accepted_types()
    assert sniff(file[:128]) == kind

    picture = render(file)

    assert picture.content_type == kind
    assert {it.format for it in picture.renditions} == {JPEG, WEBP}


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"GIF",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
        pictures.encoded(pictures.corners(), "TIFF"),
        pictures.encoded(pictures.corners(), "BMP"),
    ],
    ids=["nothing", "short", "PostScript", "SVG", "MP4", "TIFF", "BMP"],
)
def test_other_kinds_are_refused_by_type(file: bytes) -> None:
    with pytest.raises(UnusablePicture) as refused:
        render(file)

    assert refused.value.code is FailureCode.TYPE


@pytest.mark.parametrize(
    "file",
    [
        pictures.truncated_jpeg(),
        pictures.png()[:600],
        pictures.webp()[:200],
        pictures.avif()[:300],
        b"\xff\xd8\xff" + b"nothing more",
        b"GIF89a" + b"\xff" * 40,
    ],
    ids=["JPEG", "PNG", "WebP", "AVIF", "JPEG head", "GIF head"],
)
def test_damaged_files_are_refused_as_damaged(file: bytes) -> None:
    with pytest.raises(UnusablePicture) as refused:
        render(file)

    assert refused.value.code is FailureCode.DAMAGED


@pytest.mark.parametrize(
    "file",
    [
        pictures.png_bomb(),
        pictures.jpeg_bomb(),
        pictures.png_bomb(width=16_008, height=1_000),
        pictures.animated_gif(frames=501, side=4),
        pictures.jpeg() + bytes(MAX_BYTES),
    ],
    ids=["pixels of a PNG", "pixels of a JPEG", "side", "frames", "bytes"],
)
def test_bombs_are_refused_by_their_header(file: bytes) -> None:
    with pytest.raises(UnusablePicture) as refused:
        render(file)

    assert refused.value.code is FailureCode.TOO_LARGE


def test_the_last_frame_within_the_limit_is_taken() -> None:
    assert render(pictures.animated_gif(frames=500, side=4)).width == 4


def test_orientation_is_applied_and_place_and_device_are_gone() -> None:
    file = pictures.jpeg_of_a_phone()
    assert b"Lookhere" in file

    picture = render(file)

    assert (picture.width, picture.height) == (300, 400)
    upright = opened(picture, ORIGINAL)
    assert is_near(upright.getpixel((30, 30)), pictures.BLUE)
    assert is_near(upright.getpixel((270, 30)), pictures.RED)
    for rendition in picture.renditions:
        assert not Image.open(io.BytesIO(rendition.data)).getexif()
        assert b"Lookhere" not in rendition.data
        assert b"Exif" not in rendition.data


def test_wide_gamut_colours_become_the_same_colours_in_srgb() -> None:
    mild_orange = (200, 120, 80)

    picture = render(pictures.wide_gamut_png(mild_orange))

    assert is_near(opened(picture, ORIGINAL).getpixel((100, 100)), (213, 117, 72), by=3)
    assert "icc_profile" not in opened(picture, ORIGINAL).info


def test_a_profile_that_says_srgb_changes_no_colour() -> None:
    plain = pictures.encoded(pictures.corners(), "PNG")
    tagged = pictures.encoded(pictures.corners(), "PNG", icc_profile=pictures.srgb())

    assert render(tagged).renditions == render(plain).renditions


def test_an_unreadable_profile_counts_as_none() -> None:
    file = pictures.encoded(pictures.corners(), "PNG", icc_profile=b"no profile at all" * 20)

    assert is_near(opened(render(file), ORIGINAL).getpixel((30, 30)), pictures.RED)


def test_sixteen_bits_become_eight_without_losing_the_ramp() -> None:
    ramp = opened(render(pictures.sixteen_bit_png()), ORIGINAL).convert("L")

    assert is_near([ramp.getpixel((x, 150)) for x in (0, 200, 399)], (0, 128, 255), by=3)


def test_ink_becomes_light() -> None:
    red, green, blue = opened(render(pictures.cmyk_jpeg()), ORIGINAL).convert("RGB").getpixel((200, 150))  # type: ignore[misc]

    assert red > 180
    assert green < 60
    assert 80 < blue < 190


def test_a_moving_picture_shows_its_first_frame() -> None:
    picture = render(pictures.animated_gif())

    assert (picture.width, picture.height) == (64, 64)
    assert is_near(opened(picture, ORIGINAL).getpixel((32, 32)), pictures.RED)
    assert picture.dominant_color == "#dc1e28"


def test_what_is_transparent_stays_so_in_webp_and_is_white_in_jpeg() -> None:
    picture = render(pictures.transparent_png())

    assert opened(picture, GRID, WEBP).convert("RGBA").getpixel((300, 100))[3] == 0  # type: ignore[index]
    assert is_near(opened(picture, GRID).getpixel((300, 100)), pictures.WHITE)
    assert is_near(opened(picture, ORIGINAL).getpixel((300, 100)), pictures.WHITE)


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (
            (1600, 1200),
            {
                THUMBNAIL: (150, 150),
                GRID: (320, 240),
                SMALL: (480, 360),
                FEED: (720, 540),
                FULL: (1080, 810),
                ORIGINAL: (1600, 1200),
            },
        ),
        (
            (600, 300),
            {
                THUMBNAIL: (150, 150),
                GRID: (320, 160),
                SMALL: (480, 240),
                FEED: (600, 300),
                ORIGINAL: (600, 300),
            },
        ),
        ((100, 80), {THUMBNAIL: (80, 80), GRID: (100, 80), ORIGINAL: (100, 80)}),
        ((2000, 4), {GRID: (320, 1), THUMBNAIL: (4, 4), ORIGINAL: (2000, 4)}),
        ((1, 1), {GRID: (1, 1), THUMBNAIL: (1, 1), ORIGINAL: (1, 1)}),
    ],
    ids=["large", "medium", "small", "strip", "dot"],
)
def test_each_size_is_made_but_nothing_is_blown_up(
    size: tuple[int, int], sizes: dict[ImageSize, tuple[int, int]]
) -> None:
    picture = render(pictures.jpeg(*size))

    made = {it.size: (it.width, it.height) for it in picture.renditions}
    assert made | sizes == made
    assert all(Image.open(io.BytesIO(it.data)).size == (it.width, it.height) for it in picture.renditions)


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [(FULL, FEED), (FEED, FEED), (SMALL, SMALL), (ORIGINAL, ORIGINAL), (THUMBNAIL, THUMBNAIL)],
)
def test_a_missing_size_is_answered_by_the_next_smaller_one(wanted: ImageSize, answer: ImageSize) -> None:
    assert best_size(wanted, {THUMBNAIL, GRID, SMALL, FEED, ORIGINAL}) is answer


def test_nothing_answers_before_it_is_ready() -> None:
    assert best_size(FEED, set()) is None
    assert best_size(FEED, {THUMBNAIL, ORIGINAL}) is None


@pytest.mark.parametrize(
    ("focal", "corner"),
    [((0.0, 0.0), pictures.RED), ((1.0, 0.0), pictures.GREEN), ((0.0, 1.0), pictures.RED)],
    ids=["left", "right", "below is out of reach"],
)
def test_the_square_keeps_the_focal_point(focal: tuple[float, float], corner: tuple[int, int, int]) -> None:
    square = opened(render(pictures.jpeg(1200, 400), focal), THUMBNAIL)

    assert is_near(square.getpixel((10, 10)), corner)


def test_what_belongs_to_a_rendition_is_true() -> None:
    for rendition in render(pictures.jpeg()).renditions:
        assert rendition.byte_size == len(rendition.data)
        assert len(rendition.sha256) == 64
        assert sniff(rendition.data[:128]) == rendition.format.content_type


def test_blurhash_agrees_with_the_reference() -> None:
    for picture in (pictures.corners(32, 24), pictures.landscape(32, 24), Image.new("RGB", (32, 24), (1, 2, 3))):
        pixels = np.asarray(picture)

        assert blurhash.encode(pixels) == oracle.encode(pixels, components_x=4, components_y=3)


def test_the_dominant_colour_is_one_that_is_there() -> None:
    picture = Image.new("RGB", (32, 24), pictures.BLUE)
    picture.paste(pictures.WHITE, (0, 0, 14, 24))

    assert color.dominant(np.asarray(picture)) == "#1e3cd2"


def test_the_placeholder_is_a_tiny_picture() -> None:
    placeholder = render(pictures.encoded(pictures.landscape(1200, 900), "JPEG")).placeholder

    kind, _, encoded = placeholder.partition(";base64,")
    assert kind == "data:image/webp"
    assert len(placeholder) <= 700
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).size == (16, 12)


def test_heic_is_taken_only_with_its_extra() -> None:
    file = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)
    assert sniff(file) == "image/heic"

    with pytest.raises(UnusablePicture) as refused:
        render(file)

    expected = FailureCode.DAMAGED if "image/heic" in accepted_types() else FailureCode.TYPE
    assert refused.value.code is expected


def test_heic_is_rendered_where_its_extra_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(pictures.corners()).save(file)

    picture = render(file.getvalue())

    assert (picture.content_type, picture.width, picture.height) == ("image/heic", 400, 300)
    assert is_near(opened(picture, ORIGINAL).getpixel((30, 30)), pictures.RED)
