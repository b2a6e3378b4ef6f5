"""One operation on both executors, and whether they agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    parse,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import is_awaitable

from engine.failures import Path
from engine.program import Compiler
from engine.run import Run
from loaders.base import Loaders


@dataclass
class Context:
    """What fields of test schemas reach: the reference path keeps its batches here."""

    batches: dict[Any, Any] = field(default_factory=dict)
    loaders: Loaders = field(default_factory=lambda: Loaders(cast("Any", None)))


@dataclass(frozen=True)
class Pair:
    """The answers of the reference executor and of the engine to the same operation."""

    document: str
    reference: ExecutionResult
    ours: ExecutionResult

    def require_equal(self) -> None:
        """Same data to the byte and the order of keys; same errors up to order.

        Below a place that a rising null has emptied, nobody sees which of several errors was told: the specification
        leaves it open, and the reference tells what happened to come first. There it is enough that both tell one.
        """
        assert repr(self.ours.data) == repr(self.reference.data), self.document
        told, expected = _by_place(self.ours), _by_place(self.reference)
        assert told.keys() == expected.keys(), self.document
        for place, errors in told.items():
            assert len(errors) == 1, self.document
            if len(expected[place]) == 1 and _is_alone(place, expected[place][0]):
                assert _seen(errors[0]) == _seen(expected[place][0]), self.document


async def both(compiler: Compiler, text: str, variables: Mapping[str, Any] | None = None) -> Pair:
    """Run a valid document that has one operation on both executors, each with a context of its own."""
    document = parse(text)
    reference: Any = execute(compiler.schema, document, context_value=Context(), variable_values=dict(variables or {}))
    if is_awaitable(reference):
        reference = await reference
    return Pair(text, reference, await ours(compiler, document, variables))


async def ours(
    compiler: Compiler,
    document: DocumentNode,
    variables: Mapping[str, Any] | None,
    context: Context | None = None,
    event: Any = None,
) -> ExecutionResult:
    """The engine's answer, for a subscription that to one event; `Unsupported` if it has none."""
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    coerced = get_variable_values(compiler.schema, operation.variable_definitions or (), dict(variables or {}))
    if not isinstance(coerced, VariableValues):
        return ExecutionResult(None, coerced)
    plan = compiler.program(document).plan(operation, coerced)
    return await Run(context or Context(), coerced).operation(plan, event)


def _by_place(result: ExecutionResult) -> dict[Path, list[GraphQLError]]:
    """Errors by the place in the answer that each of them left empty."""
    found: dict[Path, list[GraphQLError]] = {}
    for error in result.errors or ():
        found.setdefault(_emptied(result.data, tuple(error.path or ())), []).append(error)
    return found


def _emptied(data: Any, path: Path) -> Path:
    for size, step in enumerate(path):
        if data is None:
            return path[:size]
        data = data[step]
    return path


def _is_alone(place: Path, error: GraphQLError) -> bool:
    """Whether the error is of the place itself, so that no other can have been told instead."""
    return tuple(error.path or ()) == place


def _seen(error: GraphQLError) -> tuple[Any, ...]:
    return error.message, error.path, error.locations, type(error.original_error)
