"""The GraphiQL page: its files from this package, no other host, and in development the people to speak as."""

import os
from functools import partial
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.settings import Settings

FILES = Path(__file__).parent / "graphiql_static"

# Monaco writes its styles into the page while it runs, and its icons come as data addresses. Workers obey the policy
# of their own file, so every file carries it.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
FOR_EVER = "public, max-age=31536000, immutable"


def graphiql_routes(settings: Settings) -> list[BaseRoute]:
    """The page at `/graphiql`, none if it is switched off; a development server also shows it first and has people."""
    if not settings.serves_graphiql:
        return []
    routes: list[BaseRoute] = [
        Route("/graphiql", _page),
        Mount("/graphiql/assets", GZipMiddleware(HashedFiles(directory=FILES / "assets"))),
    ]
    if settings.is_development:
        routes += [Route("/graphiql/people.json", partial(_people, settings.people_file)), Route("/", _first_page)]
    return routes


class HashedFiles(StaticFiles):
    """Files whose name changes with their content, so that a browser never has to ask for one again."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update({**HEADERS, "cache-control": FOR_EVER})
        return response


def _page(_: Request) -> Response:
    page = (FILES / "index.html").read_bytes()
    return Response(page, headers=HEADERS | {"cache-control": "no-cache"}, media_type="text/html")


def _people(path: Path, _: Request) -> Response:
    """The seeded people as the seed wrote them down: handle, password and a bearer token each."""
    headers = HEADERS | {"cache-control": "no-store"}
    if not path.is_file():
        return Response(status_code=404, headers=headers)
    return Response(path.read_bytes(), headers=headers, media_type="application/json")


def _first_page(_: Request) -> Response:
    return RedirectResponse("/graphiql")
