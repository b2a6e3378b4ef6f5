"""A graph of a few fields behind the real transport, for tests of the transport alone."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
import strawberry

from aperture.admission import Admission
from aperture.asgi import Application, Parts, application
from aperture.callers import Api, RequestInfo
from aperture.execution import Graph
from aperture.health import Health
from aperture.origins import Origins
from aperture.server import PING_SECONDS, Server, configuration
from core.errors import ApiError
from core.limits import DEFAULTS, Limits
from core.settings import Settings
from core.viewer import Viewer
from schema.operations import Operation
from subscriptions.base import SlowConsumer

ANA = UUID(int=1)
ORIGIN = "https://app.example"
SECRET = "a secret no answer may show"


@dataclass
class SmallContext:
    viewer: Viewer
    info: RequestInfo
    world: "World"
    renewals: int = 0
    operation: Operation | None = None

    def renew(self) -> None:
        self.renewals += 1


@dataclass
class World:
    """What the fields and the sign-in look at; a test changes it."""

    viewers: dict[str | None, Viewer] = field(default_factory=lambda: {None: Viewer(), "good": Viewer(id=ANA)})
    contexts: list[SmallContext] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, token: str | None, info: RequestInfo) -> Viewer:
        assert info.address
        if self.failure is not None:
            raise self.failure
        if token not in self.viewers:
            raise ApiError("UNAUTHENTICATED", "This token is not valid.")
        return self.viewers[token]

    async def look(self, viewers: Sequence[Viewer]) -> list[Viewer | None]:
        if isinstance(self.failure, ApiError):
            return [None for _ in viewers]
        if self.failure is not None:
            raise self.failure
        now = {each.id: each for each in self.viewers.values()}
        return [now.get(each.id) for each in viewers]

    def context(self, viewer: Viewer, info: RequestInfo) -> SmallContext:
        self.contexts.append(SmallContext(viewer, info, self))
        return self.contexts[-1]


Info = strawberry.Info[SmallContext, None]


@strawberry.type
class Thing:
    name: str

    @strawberry.field
    def self(self) -> "Thing":
        return self


@strawberry.input
class Wish:
    name: str
    count: int = 1


@strawberry.type
class Entry:
    cursor: str
    text: str


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"hello {name}"

    @strawberry.field
    def whoami(self, info: Info) -> str | None:
        return str(info.context.viewer.id) if info.context.viewer.id else None

    @strawberry.field
    def thing(self) -> Thing:
        return Thing(name="it")

    @strawberry.field
    def wish(self, of: Wish) -> str:
        return of.name * of.count

    @strawberry.field
    def text(self, length: int) -> str:
        return "x" * length

    @strawberry.field
    def needed(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def huge(self) -> int | None:
        return 2**40

    @strawberry.field
    def forbidden(self) -> str | None:
        raise ApiError("RATE_LIMITED", "Too often.", {"retryAt": datetime(2030, 1, 1)})  # noqa: DTZ001 - only shown

    @strawberry.field
    async def slow(self, info: Info) -> str:
        world = info.context.world
        world.reached.set()
        try:
            await world.gate.wait()
        except asyncio.CancelledError:
            world.cancelled.set()
            raise
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, name: str = "a") -> str:
        return name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def renewals(self, info: Info) -> AsyncGenerator[int]:
        for _ in range(2):
            yield info.context.renewals

    @strawberry.subscription
    async def endless(self, info: Info) -> AsyncGenerator[str]:
        world = info.context.world
        world.reached.set()
        try:
            yield "first"
            await world.gate.wait()
        finally:
            world.cancelled.set()

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncGenerator[str]:
        try:
            while True:
                yield "x" * 50_000
        finally:
            info.context.world.cancelled.set()

    @strawberry.subscription
    async def log(self, info: Info, to: int = 1_000_000) -> AsyncGenerator[Entry]:
        world, taken = info.context.world, 0
        world.reached.set()
        try:
            for number in range(1, to + 1):
                yield Entry(cursor=str(number), text="x" * 50_000)
                taken = number
        except SlowConsumer:
            world.cancelled.set()
            yield Entry(cursor=str(taken), text="slow")

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int]:
        yield 1
        raise RuntimeError(SECRET)


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)


def small_graph(*, allows_introspection: bool = True, seconds: float = 5, admission: Admission | None = None) -> Graph:
    bounds = Limits(operation_seconds=seconds)
    return Graph(SCHEMA._schema, allows_introspection=allows_introspection, bounds=bounds, admission=admission)


def small_application(
    world: World,
    graph: Graph | None = None,
    health: Health | None = None,
    **more: Any,
) -> Application:
    parts = Parts(
        api=Api(graph or small_graph(), world.authenticate, world.look, world.context),
        health=health or Health({}),
        origins=Origins(frozenset({ORIGIN})),
        **more,
    )
    return application(parts)


def http_client(app: Application) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://aperture.test")


@asynccontextmanager
async def serving(
    app: Application, *, ping_seconds: float = PING_SECONDS, limits: Limits = DEFAULTS
) -> AsyncIterator[tuple[str, int]]:
    """The application behind the real server, on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = configuration(app, settings(limits=limits))
        config.ws_ping_interval = ping_seconds
        server = Server(config, app)
        running = asyncio.create_task(server.serve([listening]))
        address: tuple[str, int] = listening.getsockname()
        try:
            yield address
        finally:
            server.should_exit = True
            await running


def settings(**more: Any) -> Settings:
    given = {"secret_key": "k" * 32, "DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://cache"} | more
    return Settings.model_validate(given)
