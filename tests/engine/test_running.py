"""A plan while it runs: what starts together, and what ends when nobody waits for the answer any more."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import parse

from aperture.execution import Graph, GraphQLRequest, execute
from core.limits import Limits
from core.viewer import Viewer
from engine.program import Compiler
from schema.fields import batched, root
from schema.operations import Operation
from tests.engine.comparison import Context, ours

TOGETHER = 3


@dataclass
class Watched(Context):
    """Counts the calls that have begun, and those that were cancelled."""

    viewer: Viewer = field(default_factory=Viewer)
    operation: Operation | None = None
    begun: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    all_begun: asyncio.Event = field(default_factory=asyncio.Event)

    def renew(self) -> None:
        """Nothing is remembered."""

    async def stay(self, name: str) -> None:
        """Run until cancelled."""
        self.begun.append(name)
        if len(self.begun) == TOGETHER:
            self.all_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise


@strawberry.type
class Runner:
    @batched
    async def fast(parents: list["Runner"], ctx: Watched) -> list[str]:
        await ctx.stay("fast")
        return []

    @batched
    async def faster(parents: list["Runner"], ctx: Watched) -> list[str]:
        await ctx.stay("faster")
        return []

    @batched
    async def rested(parents: list["Runner"], ctx: Watched) -> list[str]:
        return ["yes" for _ in parents]


@strawberry.type
class Query:
    @root
    async def runners(ctx: Watched) -> list[Runner]:
        return [Runner(), Runner()]


SCHEMA = strawberry.Schema(Query)
DOCUMENT = "{ runners { fast faster rested } again: runners { fast } }"


async def test_calls_of_a_level_start_together_and_are_cancelled_together() -> None:
    context = Watched()
    running = asyncio.create_task(ours(Compiler(SCHEMA._schema), parse(DOCUMENT), {}, context))
    await asyncio.wait_for(context.all_begun.wait(), 5)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert sorted(context.begun) == ["fast", "fast", "faster"]
    assert context.cancelled == context.begun


async def test_when_the_time_of_an_operation_is_over_its_calls_end() -> None:
    context: Any = Watched()
    graph = Graph(SCHEMA._schema, bounds=Limits(operation_seconds=0.2))

    answer = await execute(graph, GraphQLRequest(DOCUMENT), context)

    assert graph.documents[DOCUMENT].program is not None
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["TIMEOUT"]
    assert context.cancelled == context.begun
