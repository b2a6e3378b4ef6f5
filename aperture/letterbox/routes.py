"""Where the letterbox is served: a list, each message, and the same as JSON for tests of clients."""

from base64 import b64encode
from functools import cache, partial
from hashlib import sha256
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from aperture.letterbox.reading import message, newest
from core.letterbox import Letterbox
from core.settings import Settings

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c1e21}"
    "li{list-style:none;border-bottom:1px solid #ddd;padding:.6rem 0}ul{padding:0}a{color:#0a58ca}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;background:#f6f7f8;padding:1rem;border-radius:.5rem}"
    "small{color:#5c6066}"
)
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


def letterbox_routes(settings: Settings) -> list[BaseRoute]:
    """`/dev/mail`, `/dev/mail/<name>` and `/dev/mail.json`; none outside of development."""
    if not settings.is_development or settings.letterbox is None:
        return []
    box = Letterbox(settings.letterbox)
    return [
        Route("/dev/mail", partial(_list, box)),
        Route("/dev/mail.json", partial(_json, box)),
        Route("/dev/mail/{name}", partial(_one, box)),
    ]


async def _list(box: Letterbox, _: Request) -> Response:
    return _page("list.html", messages=await newest(box))


async def _one(box: Letterbox, request: Request) -> Response:
    found = await message(box, request.path_params["name"])
    return Response(status_code=404, headers=HEADERS) if found is None else _page("one.html", message=found)


async def _json(box: Letterbox, _: Request) -> Response:
    found = [
        {"to": each.to, "subject": each.subject, "text": each.text, "links": each.links} for each in await newest(box)
    ]
    return JSONResponse(found, headers=HEADERS)


def _page(template: str, **values: Any) -> Response:
    page = _templates().get_template(template).render(style=STYLE, **values)
    return Response(page, headers=HEADERS, media_type="text/html")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("aperture.letterbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
