"""From a bearer token to a viewer, and the public keys for other programs."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aperture.callers import Authenticate, Look, RequestInfo
from core.backends import Backends
from core.errors import Unavailable
from core.viewer import Viewer
from services.auth import gate, keys

JWKS_PATH = "/.well-known/jwks.json"

_CACHED = {"cache-control": "public, max-age=300"}


def authenticator(backends: Backends) -> Authenticate:
    """A token that is no good raises `ApiError` UNAUTHENTICATED: only a request without one comes from nobody."""

    async def authenticate(token: str | None, info: RequestInfo) -> Viewer:
        if token is None:
            return Viewer(address=info.address, user_agent=info.user_agent)
        return await gate.authenticate(backends, token, info.address, info.user_agent)

    return authenticate


def looker(backends: Backends) -> Look:
    """How those look by now who signed in some time ago."""
    return partial(gate.look, backends)


def jwks_routes(backends: Backends) -> list[Route]:
    """The route of the JSON Web Key Set."""

    async def jwks(_: Request) -> Response:
        try:
            return JSONResponse(await keys.jwks(backends), headers=_CACHED)
        except Unavailable:
            return Response(status_code=503, headers={"retry-after": "1"})

    return [Route(JWKS_PATH, jwks)]
