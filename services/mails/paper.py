"""The two forms of a mail: plain text, and the same in simple HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

_STYLE: Final = "font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:1rem;color:#1c1e21"
_CODE_STYLE: Final = "font-family:monospace;overflow-wrap:anywhere"


@dataclass(frozen=True, slots=True)
class Parts:
    """A mail in pieces, from top to bottom."""

    greeting: str
    paragraphs: Sequence[str]
    link: str | None
    link_text: str
    before_code: str
    code: str | None
    farewell: str


def plain(parts: Parts) -> str:
    """As text; the link and the code stand on lines of their own."""
    pieces = [parts.greeting, *parts.paragraphs]
    if parts.link:
        pieces.append(f"{parts.link_text}:\n{parts.link}")
    if parts.code:
        pieces.append(f"{parts.before_code}\n{parts.code}")
    return "\n\n".join([*pieces, f"-- \n{parts.farewell}\n"])


def html(parts: Parts) -> str:
    """As HTML; whatever people wrote is text in it."""
    pieces = [_paragraph(each) for each in (parts.greeting, *parts.paragraphs)]
    if parts.link:
        pieces.append(Markup('<p><a href="{}">{}</a></p>').format(parts.link, parts.link_text))
    if parts.code:
        code = Markup('<span style="{}">{}</span>').format(_CODE_STYLE, parts.code)
        pieces.append(Markup("<p>{}<br>{}</p>").format(parts.before_code, code))
    body = Markup("").join([*pieces, _paragraph(parts.farewell)])
    return Markup('<!doctype html><html><body><div style="{}">{}</div></body></html>').format(_STYLE, body)


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(escape(text))
