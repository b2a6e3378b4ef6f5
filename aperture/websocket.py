"""GraphQL over WebSockets: who may open one, which are open, and how they all end."""

import asyncio
import random

from starlette.types import Receive, Scope, Send

from aperture.callers import Api, Head, RequestInfo
from aperture.messages import Closed
from aperture.origins import Origins
from aperture.presence import Connections, Presences
from aperture.socket import Socket, SocketLimits
from aperture.wire import EXTENSION
from core.metrics import CONNECTIONS
from core.viewer import Viewer

PROTOCOL = "graphql-transport-ws"


class GraphQLOverWebSocket:
    """The ASGI application of the graph's sockets; it knows all that are open in this process."""

    def __init__(
        self, api: Api, origins: Origins, connections: Connections, limits: SocketLimits | None = None
    ) -> None:
        self._api = api
        self._origins = origins
        self._connections = connections
        self._limits = limits or SocketLimits()
        self._presences = Presences(api, self._limits.check_seconds)
        self._open: set[Socket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages of other origins are refused in the handshake; programs send no origin."""
        await receive()
        head = Head(scope)
        if b"origin" in head and not self._origins.allow(head[b"origin"]):
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
        elif PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
        else:
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
            wire = scope["extensions"][EXTENSION]
            info = RequestInfo.of(scope, head)
            if self._api.cookies is not None:
                info.token = self._api.cookies.access_token(head[b"origin"], head[b"cookie"])
            socket = Socket(self._api, self._limits, self._presences, self._admit, info, wire)
            # They would live as long as the socket.
            del head
            scope["headers"].clear()
            await self._serve(socket, receive, send)

    async def end(self) -> None:
        """Close every socket with 1012, spread over up to five seconds, so that not all clients come back at once."""
        seconds = min(self._limits.ending_seconds, len(self._open) / 100)
        await asyncio.gather(*(_end(socket, seconds) for socket in self._open))

    async def _serve(self, socket: Socket, receive: Receive, send: Send) -> None:
        self._open.add(socket)
        try:
            with CONNECTIONS.labels("websocket").track_inprogress():
                await socket.serve(receive, send)
        finally:
            self._open.discard(socket)
            if socket.viewer is not None:
                self._connections.release(socket.viewer, socket.address)

    def _admit(self, viewer: Viewer, address: str) -> None:
        if not self._connections.take(viewer, address):
            raise Closed(4413, "Too many sockets")


async def _end(socket: Socket, seconds: float) -> None:
    await asyncio.sleep(random.uniform(0, seconds))  # noqa: S311 - spread, not secrecy
    await socket.end(Closed(1012, "Service restart"))
