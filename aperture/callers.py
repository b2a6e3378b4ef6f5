"""Who calls: what the transport reads from a request's head, and the ways in that are given to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Scope

from aperture.cookies import Cookies
from aperture.execution import Context, Graph
from aperture.news import News
from core import telemetry
from core.errors import ApiError
from core.viewer import Viewer
from services.auth.cookies import Jar

HEAD: Final = "aperture.head"
"""Where the scope of a request keeps its `Head`."""

Look = Callable[[Sequence[Viewer]], Awaitable[Sequence[Viewer | None]]]
"""Signed-in viewers to who they are by now, None for those whose session has ended; `Unavailable` changes nothing."""


class Head:
    """The headers of a request; one that comes several times is read as one, with commas between its values."""

    __slots__ = ("_values",)

    def __init__(self, scope: Scope) -> None:
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        self._values = dict(raw)
        if len(self._values) < len(raw):
            for name in self._values:
                self._values[name] = b", ".join(value for each, value in raw if each == name)

    def __getitem__(self, name: bytes) -> str:
        """The value of a header by its name in lower case; empty for one that is missing."""
        value = self._values.get(name)
        return value.decode("latin-1") if value else ""

    def __contains__(self, name: bytes) -> bool:
        return name in self._values


@dataclass(slots=True)
class RequestInfo:
    """The head of a request or of a socket's handshake, as far as operations look at it."""

    request_id: str
    address: str
    accept: str
    user_agent: str
    last_event_id: str = ""
    jar: Jar | None = None
    """Cookies that the answer may set, and those that came; None where it can set none."""
    token: str | None = None
    """The access token that came with the handshake of a socket."""

    @classmethod
    def of(cls, scope: Scope, head: Head) -> "RequestInfo":
        client = scope.get("client")
        address = client[0] if client else ""
        last_event_id = head[b"last-event-id"] if scope["type"] == "http" else ""
        return cls(telemetry.request_id(), address, head[b"accept"], head[b"user-agent"], last_event_id)


Authenticate = Callable[[str | None, RequestInfo], Awaitable[Viewer]]
"""A token or None, and what it came with, to a viewer; ApiError UNAUTHENTICATED for a bad token."""

ContextFactory = Callable[[Viewer, RequestInfo], Context]
"""Makes the context of one operation."""


@dataclass(frozen=True, slots=True)
class Api:
    """What every transport needs: who calls, with which context, and the graph that answers."""

    graph: Graph
    authenticate: Authenticate
    look: Look
    contexts: ContextFactory
    news: News = field(default_factory=News)
    cookies: Cookies | None = None


def bearer(head: Head) -> str | None:
    """The token of the Authorization header; ApiError for another scheme, None without a header."""
    authorization = head[b"authorization"]
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError("UNAUTHENTICATED", "Authorization must be a bearer token.")
    return token.strip()
