"""The application: one ASGI callable made of the parts it is given."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from aperture.callers import Api
from aperture.edge import Edge
from aperture.health import Health
from aperture.http import GraphQLOverHttp
from aperture.origins import Origins
from aperture.presence import Connections
from aperture.socket import SocketLimits
from aperture.sse import EventStreams, StreamLimits
from aperture.websocket import GraphQLOverWebSocket
from core import telemetry
from core.limits import DEFAULTS, Limits

GRAPHQL_PATH = "/graphql"

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the application is made of; `lifespan` opens and closes the connections that the parts use."""

    api: Api
    health: Health
    origins: Origins
    routes: Sequence[BaseRoute] = ()
    lifespan: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
    is_secure: bool = False
    limits: Limits = DEFAULTS
    socket_limits: SocketLimits | None = None
    stream_limits: StreamLimits | None = None


def application(parts: Parts) -> "Application":
    """Join the parts."""
    return Application(parts)


class Application:
    """The graph at `/graphql`, health and the given routes beside it."""

    def __init__(self, parts: Parts) -> None:
        self._lifespan_of = parts.lifespan
        self._health = parts.health
        limits = parts.limits
        socket_limits = parts.socket_limits or SocketLimits.of(limits)
        connections = Connections(limits.connections_per_person, limits.connections_per_network)
        self._streams = EventStreams(parts.api, connections, parts.stream_limits)
        self._http = GraphQLOverHttp(parts.api, self._streams, limits)
        self._sockets = GraphQLOverWebSocket(parts.api, parts.origins, connections, socket_limits)
        self._pages = Starlette(routes=[*parts.health.routes(), *parts.routes])
        self._edge = Edge(
            self._route,
            parts.origins,
            is_secure=parts.is_secure,
            is_ending=lambda: self._health.is_ending,
            has_cookies=parts.api.cookies is not None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._edge(scope, receive, send)

    def begin_to_end(self) -> None:
        """Say at `/health/ready` that no more requests are welcome."""
        self._health.is_ending = True

    async def end_connections(self) -> None:
        """End all sockets and streams, so that their clients go to another process."""
        await asyncio.gather(self._sockets.end(), self._streams.end())

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            handler = self._http if scope["path"] == GRAPHQL_PATH else self._pages
            await handler(scope, receive, send)
        elif scope["path"] == GRAPHQL_PATH:
            await self._sockets(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        step = "startup"
        try:
            async with self._lifespan_of():
                await send({"type": "lifespan.startup.complete"})
                step = "shutdown"
                await receive()
        except Exception as error:
            log.exception("the process did not start or end well", step=step, exc_info=error)
            await send({"type": f"lifespan.{step}.failed", "message": type(error).__name__})
            return
        await send({"type": "lifespan.shutdown.complete"})
