"""How work crosses the pipe to a child: facts as JSON, bytes as files in its folder; the parent believes neither."""

import dataclasses
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from core.imaging.pictures import MAX_SIDE, ImageFormat, ImageSize, Picture, Rendition
from core.imaging.sniff import HEAD_BYTES, accepted_types, sniff

SOURCE = "source"
"""The name of the file to render, in the folder that is the child's working directory."""

HEAD = 4
"""How many bytes before a message say its length."""

_SHAPES = {
    "content_type": re.compile("|".join(map(re.escape, accepted_types()))),
    "blurhash": re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{28}"),
    "dominant_color": re.compile("#[0-9a-f]{6}"),
    "placeholder": re.compile("data:image/webp;base64,[A-Za-z0-9+/]{16,670}={0,2}"),
}


def frame(message: dict[str, Any]) -> bytes:
    """A message as it goes over the pipe."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(HEAD, "big") + body


def pack(picture: Picture, folder: Path) -> dict[str, Any]:
    """Write the renditions into the folder, each as `SIZE.FORMAT`; answer everything else."""
    for rendition in picture.renditions:
        (folder / f"{rendition.size}.{rendition.format}").write_bytes(rendition.data)
    facts = {field.name: getattr(picture, field.name) for field in dataclasses.fields(picture)}
    facts["renditions"] = [(it.size, it.format, it.width, it.height) for it in picture.renditions]
    return facts


def unpack(facts: object, folder: Path) -> Picture:
    """The picture again; whatever is not what `pack` writes raises `ValueError`, `TypeError` or `OSError`."""
    if not isinstance(facts, dict):
        raise TypeError("no facts")
    words = {name: _word(facts.get(name), shape) for name, shape in _SHAPES.items()}
    entries = facts.get("renditions")
    if not isinstance(entries, list) or len(entries) > len(ImageSize) * len(ImageFormat):
        raise ValueError("no renditions, or more than there are")
    renditions = tuple(_rendition(folder, *entry) for entry in entries)
    if len({(it.size, it.format) for it in renditions}) != len(renditions):
        raise ValueError("a rendition twice")
    return Picture(width=_side(facts.get("width")), height=_side(facts.get("height")), renditions=renditions, **words)


def _rendition(folder: Path, size: str, format_: str, width: int, height: int) -> Rendition:
    kind = ImageFormat(format_)
    data = _read(folder / f"{ImageSize(size)}.{kind}")
    if sniff(data[:HEAD_BYTES]) != kind.content_type:
        raise ValueError("a file of another kind")
    return Rendition.of(ImageSize(size), kind, _side(width), _side(height), data)


def _read(path: Path) -> bytes:
    """The bytes of a plain file: a link or a pipe left in its place would lead elsewhere."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("not a plain file")
        return file.read()


def _word(value: object, shape: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ValueError("a word of another shape")
    return value


def _side(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= MAX_SIDE:
        raise ValueError("a side out of bounds")
    return value
