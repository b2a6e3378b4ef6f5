"""Where the reference and the contract itself are served."""

import asyncio
import gzip
from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from aperture import negotiation
from aperture.reference.examples import examples
from aperture.reference.page import render
from core.settings import Settings
from schema.contract import contract

FILES: Final = Path(__file__).parent / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "vary": "accept-encoding",
    "x-frame-options": "DENY",
    "cache-control": "no-cache",
}


class Printed(NamedTuple):
    """A text as it is sent, made once."""

    plain: bytes
    packed: bytes
    tag: str
    media_type: str

    @classmethod
    def of(cls, text: str, media_type: str) -> "Printed":
        plain = text.encode()
        return cls(plain, gzip.compress(plain, mtime=0), f'"{sha256(plain).hexdigest()[:32]}"', media_type)


def reference_routes(settings: Settings) -> list[BaseRoute]:
    """`/docs` with its two files and `/schema.graphql`; none if the operator has switched them off."""
    if not settings.reference:
        return []
    texts: dict[str, Callable[[], Printed]] = {
        "/docs": lambda: _page(settings.name, settings.public_url, settings.serves_graphiql),
        "/docs/reference.css": lambda: _file("reference.css", "text/css"),
        "/docs/reference.js": lambda: _file("reference.js", "text/javascript"),
        "/schema.graphql": _contract,
    }
    return [Route(path, partial(_send, text)) for path, text in texts.items()]


async def _send(text: Callable[[], Printed], request: Request) -> Response:
    """The text; in a thread, since the page takes a moment when it is asked for first."""
    printed = await asyncio.to_thread(text)
    headers = HEADERS | {"etag": printed.tag}
    if printed.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = printed.plain
    if negotiation.accepts_gzip(request.headers.get("accept-encoding", "")):
        body, headers["content-encoding"] = printed.packed, "gzip"
    return Response(body, headers=headers, media_type=printed.media_type)


@cache
def _page(name: str, public_url: str, has_graphiql: bool) -> Printed:  # noqa: FBT001 - a key of the cache
    page = render(contract(), list(examples()), name=name, address=f"{public_url}/graphql", has_graphiql=has_graphiql)
    return Printed.of(page, "text/html")


@cache
def _file(name: str, media_type: str) -> Printed:
    return Printed.of((FILES / name).read_text(), media_type)


@cache
def _contract() -> Printed:
    return Printed.of(contract().text, "text/plain")
