"""Two installations that begin alike and have the same luck: what they answer differs by the executor alone."""

import itertools
import os
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from graphql import ExecutionResult
from graphql.pyutils import is_awaitable

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.operations import RunningOperation
from aperture.prices import Prices
from aperture.servers import Servers
from core import clock, ids
from core.backends import Backends
from core.ids import UserId
from core.limits import Limits
from core.settings import Settings
from core.viewer import Viewer
from engine.run import Run
from schema.context import Context
from schema.contract import contract
from tests.engine.comparison import Pair
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.factories.sessions import account
from tests.factories.uploads import upload
from tests.servers import copy_database

_BOUNDS: Final = Limits(tokens=5_000, aliases=500, directives=500, selections=5_000, repeats=500)
START: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Side:
    """One of the two: a graph, and what it reads and writes."""

    graph: Graph
    backends: Backends

    async def by_reference(self, request: GraphQLRequest, viewer: Viewer) -> ExecutionResult:
        """What the reference executor answers."""
        context, _ = self._reckoned(request, viewer)
        result: Any = self.graph.executor(request, context).execute_operation()
        told: ExecutionResult = await result if is_awaitable(result) else result
        return told

    async def by_plan(self, request: GraphQLRequest, viewer: Viewer) -> ExecutionResult:
        """What the engine answers; `Unsupported` if it has no plan."""
        context, operation = self._reckoned(request, viewer)
        program = operation.operation.document.program
        assert program is not None
        plan = program.plan(operation.operation.node, operation.variables)
        return await Run(context, operation.variables).operation(plan)

    def _reckoned(self, request: GraphQLRequest, viewer: Viewer) -> tuple[Context, RunningOperation]:
        context = Context(self.backends, viewer)
        context.operation = operation = self.graph.reckoned(request, self.graph.operation(request))
        return context, operation


@dataclass
class Twins:
    """Both of them, the people who ask, and ids of things that exist."""

    reference: Side
    ours: Side
    viewers: list[Viewer]
    ids: list[str]
    asked: int = 0

    async def compare(self, text: str, variables: Mapping[str, Any] | None = None) -> Pair:
        """Ask both the same; `DocumentRefused` and `ApiError` for a document that is not run at all."""
        self.asked += 1
        request = GraphQLRequest(text, dict(variables or {}))
        viewer = self.viewers[self.asked % len(self.viewers)]
        with alike(self.asked):
            reference = await self.reference.by_reference(request, viewer)
        with alike(self.asked):
            ours = await self.ours.by_plan(request, viewer)
        return Pair(f"{text}\n{variables}", reference, ours)


class _Luck:
    """Ids that rise, and secrets."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._made = itertools.count(1)

    def uuid7(self, nanoseconds: int) -> UUID:
        return UUID(int=_first(nanoseconds).int | next(self._made) << 64 | self.draw.getrandbits(64))


def _first(nanoseconds: int) -> UUID:
    """The lowest id of a millisecond."""
    return UUID(int=nanoseconds // 1_000_000 << 80 | 7 << 76)


_luck: ContextVar[_Luck | None] = ContextVar("luck", default=None)


@contextmanager
def alike(seed: int) -> Iterator[None]:
    """Run what is inside at one moment, with ids and secrets that are the same again for the same seed.

    What earlier work has left running, as the reference executor does when a field fails, takes nothing of that luck.
    """

    def uuid7(nanoseconds: int) -> UUID:
        luck = _luck.get()
        return luck.uuid7(nanoseconds) if luck else _first(nanoseconds)

    def urandom(count: int) -> bytes:
        luck = _luck.get()
        return luck.draw.randbytes(count) if luck else os.urandom(count)

    token = _luck.set(_Luck(seed))
    try:
        with clock.frozen(START + timedelta(seconds=seed)), pytest.MonkeyPatch.context() as patch:
            patch.setattr(ids, "_last", UUID(int=0))
            patch.setattr(ids, "uuid7", uuid7)
            patch.setattr(random, "_urandom", urandom)
            yield
    finally:
        _luck.reset(token)


@asynccontextmanager
async def made(config: Settings, servers: Servers) -> AsyncIterator[Twins]:
    """Twins with a few people and things in them."""
    async with _side(config, servers, 1) as (reference, world), _side(config, servers, 2) as (ours, same):
        assert world == same
        yield Twins(reference, ours, *world)


@asynccontextmanager
async def _side(
    config: Settings, servers: Servers, number: int
) -> AsyncIterator[tuple[Side, tuple[list[Viewer], list[str]]]]:
    own = {"database_url": copy_database(servers), "redis_url": f"{config.redis_url}?db={number}"}
    backends = Backends.open(config.model_copy(update=own))
    graph = Graph(schema._schema, prices=Prices.of(contract()), bounds=_BOUNDS)
    try:
        with alike(0):
            world = await _world(backends)
        yield Side(graph, backends), world
    finally:
        await backends.aclose()


async def _world(backends: Backends) -> tuple[list[Viewer], list[str]]:
    """People of all kinds, one of whom is signed out, and ids of what is there."""
    db = backends.db
    ana, bob = await person(db, "ana"), await person(db, "bob", bio="With @ana https://example.com")
    eva, shy = await person(db, "eva", status="SUSPENDED"), await person(db, "shy", is_private=True)
    await account(db, "cleo")
    await follow(db, ana, bob)
    await follow(db, ana, shy, "PENDING")
    shown = [
        await post(db, author, caption="Hello @ana #sea", shortcode=f"abcdefghij{number}")
        for number, author in enumerate((ana, bob, shy, eva, bob))
    ]
    said = [await comment(db, writer, shown[1]) for writer in (ana, bob)]
    sent = [await upload(db, ana, state) for state in ("OPEN", "READY")]
    people = [ana, bob, ana, Viewer(), Viewer(id=eva.id, status="SUSPENDED")]
    known = [str(UserId(each.user_id)) for each in (ana, bob, shy)]
    return people, [*known, *(str(each) for each in (*shown, *said, *sent))]
