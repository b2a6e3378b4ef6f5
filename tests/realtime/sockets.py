"""An API process on a real port, a worker beside it, and people who watch over sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from aperture.api import build
from aperture.worker import job_context, work
from core.settings import Settings
from jobs.base import JobContext
from jobs.routes import ROUTES
from tests.client import Client
from tests.small_graph import serving

SECONDS = 20


class Watcher:
    """One subscription over one socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def message(self) -> Any:
        """The next message of the server."""
        return json.loads(await asyncio.wait_for(self._socket.recv(), SECONDS))

    async def event(self) -> Any:
        """The next event, which has no errors."""
        message = await self.message()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (event,) = message["payload"]["data"].values()
        return event


class Api:
    """The API process by its address; people reach it by HTTP and by sockets."""

    def __init__(self, http: httpx2.AsyncClient, address: str) -> None:
        self.client = Client(http)
        self._address = address

    def of(self, token: str | None) -> Client:
        """A client with a token."""
        return self.client.signed_in(token) if token else self.client

    @asynccontextmanager
    async def subscribing(self, token: str | None, query: str, **variables: Any) -> AsyncIterator[Watcher]:
        """A socket with one subscription; it may not stand yet."""
        protocols = [Subprotocol("graphql-transport-ws")]
        async with connect(f"ws://{self._address}/graphql", subprotocols=protocols, compression=None) as socket:
            payload = {"authorization": f"Bearer {token}"} if token else {}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            watcher = Watcher(socket)
            assert (await watcher.message())["type"] == "connection_ack"
            asked = {"query": query, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
            yield watcher

    @asynccontextmanager
    async def watching(self, token: str | None, query: str, **variables: Any) -> AsyncIterator[Watcher]:
        """A stream that stands: it was begun with a cursor of no stream, and has said so."""
        async with self.subscribing(token, query, after="from now on", **variables) as watcher:
            assert (await watcher.event())["reason"] == "CURSOR_INVALID"
            yield watcher


@asynccontextmanager
async def api_on_a_port(settings: Settings) -> AsyncIterator[Api]:
    """The API process behind the real server."""
    async with serving(build(settings)) as (host, port):
        address = f"{host}:{port}"
        async with httpx2.AsyncClient(base_url=f"http://{address}") as http:
            yield Api(http, address)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[JobContext]:
    """A worker in this process, with all that it does."""
    ending = asyncio.Event()
    async with job_context(settings) as ctx:
        running = asyncio.create_task(work(ctx, ROUTES, ending))
        try:
            yield ctx
        finally:
            ending.set()
            await running
