"""A plan while it runs: what starts together, and what ends when nobody waits for the answer any more."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues

from aperture.execution import Graph, GraphQLRequest, execute
from core.limits import Limits
from core.viewer import Viewer
from engine.columns import Column
from engine.program import Compiler
from engine.run import Run
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

    @batched
    async def friend(parents: list["Runner"], ctx: Watched) -> list["Runner"]:
        return parents


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


async def test_there_is_a_block_around_each_level() -> None:
    seen: list[Any] = []

    @contextmanager
    def level(columns: Sequence[Column]) -> Iterator[None]:
        seen.append(sorted(str(column.field) for column in columns))
        yield
        seen.append("answered")

    document = parse("{ runners { friend { rested name: rested } } again: runners { rested } }")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    no_variables = VariableValues({}, {})

    plan = Compiler(SCHEMA._schema).program(document).plan(operation, no_variables)
    result = await Run(Watched(), no_variables, level).operation(plan)

    assert result.errors is None
    assert seen == [
        ["Query.runners", "Query.runners"],
        "answered",
        ["Runner.friend", "Runner.rested"],
        "answered",
        ["Runner.rested", "Runner.rested"],
        "answered",
    ]
