"""The fenced blocks of the documents, and whether an answer looks as one of them says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ELLIPSIS = "…"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: its place as `docs/tour.md:12`, its language, its text."""

    place: str
    language: str
    text: str


def blocks(document: str) -> list[Block]:
    """All fenced blocks of a document, in order; the name starts at the top of the checkout."""
    text = (ROOT / document).read_text()
    return [
        Block(f"{document}:{len(text[: found.end(1)].splitlines())}", found[1], found[2])
        for found in _FENCED.finditer(text)
    ]


def json_documents(text: str) -> list[Any]:
    """The JSON documents of a text, one after the other."""
    return list(_decoded(text.strip()))


def _decoded(text: str) -> Iterator[Any]:
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        yield document
        text = text[end:].lstrip()


def as_told(actual: Any, told: Any) -> Any:
    """What was answered, with an ellipsis wherever the document has one that stands for it."""
    if isinstance(actual, dict) and isinstance(told, dict):
        return {key: as_told(value, told.get(key)) for key, value in actual.items()}
    if isinstance(actual, list) and isinstance(told, list) and len(actual) == len(told):
        return [as_told(*pair) for pair in zip(actual, told, strict=True)]
    if isinstance(actual, str) and isinstance(told, str) and ELLIPSIS in told:
        pattern = ".+".join(map(re.escape, told.split(ELLIPSIS)))
        return told if re.fullmatch(pattern, actual, re.DOTALL) else actual
    return actual
