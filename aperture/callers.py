"""Who calls: what the transport reads from a request's head, and the ways in that are given to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from aperture.execution import Context, Graph
from core import telemetry
from core.errors import ApiError
from core.viewer import Viewer

Authenticate = Callable[[str | None, str], Awaitable[Viewer]]
"""A token or None, and an address, to a viewer; ApiError UNAUTHENTICATED for a bad token."""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The head of a request or of a socket's handshake."""

    request_id: str
    address: str
    accept: str
    user_agent: str

    @classmethod
    def of(cls, scope: Scope) -> "RequestInfo":
        headers = Headers(scope=scope)
        client = scope.get("client")
        address = client[0] if client else ""
        return cls(telemetry.request_id(), address, headers.get("accept", ""), headers.get("user-agent", ""))


ContextFactory = Callable[[Viewer, RequestInfo], Context]
"""Makes the context of one operation."""


@dataclass(frozen=True, slots=True)
class Api:
    """What every transport needs: who calls, with which context, and the graph that answers."""

    graph: Graph
    authenticate: Authenticate
    contexts: ContextFactory


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; ApiError for another scheme, None without a header."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError("UNAUTHENTICATED", "Authorization must be a bearer token.")
    return token.strip()
