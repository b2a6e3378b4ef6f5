"""What stands in a text: mentions, hashtags and links, found once and for all clients."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

MAX_MENTIONS = 20

_PIECES = re.compile(
    r"(?P<link>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]])"
    r"|(?<![\w.@/])@(?P<mention>[A-Za-z0-9_](?:[A-Za-z0-9_]|\.(?=[A-Za-z0-9_])){0,29})"
    r"|(?<![\w&#/])#(?P<hashtag>\w*[^\W\d]\w*)"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text; joined, the pieces give the text. `value` is the handle, tag or address it stands for."""

    kind: Literal["plain", "mention", "hashtag", "link"]
    text: str
    value: str = ""


def segments(text: str, mentions: Mapping[str, str] | None = None) -> Iterator[Segment]:
    """Cut a text into pieces. A mention counts only if its handle is a key of `mentions`; else it stays plain."""
    known = mentions or {}
    plain_from = 0
    for match in _PIECES.finditer(text):
        kind = match.lastgroup
        value = match.group(kind) if kind else ""
        if kind == "mention" and value.lower() not in known:
            continue
        if match.start() > plain_from:
            yield Segment("plain", text[plain_from : match.start()])
        yield Segment(kind, match.group(), value.lower() if kind == "mention" else value)  # type: ignore[arg-type]
        plain_from = match.end()
    if plain_from < len(text):
        yield Segment("plain", text[plain_from:])


def mentioned_handles(texts: Iterable[str | None]) -> list[str]:
    """Handles that texts mention, in lower case, at most `MAX_MENTIONS` of them."""
    found = (match.group("mention") for text in texts if text for match in _PIECES.finditer(text))
    return list(dict.fromkeys(handle.lower() for handle in found if handle))[:MAX_MENTIONS]
