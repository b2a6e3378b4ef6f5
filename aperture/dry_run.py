"""`rateLimit(dryRun: true)`: an operation that is reckoned and answered without running the rest of it."""

from copy import copy
from typing import Any, Final, cast

from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode, OperationType, SelectionSetNode
from graphql.execution import Executor
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from aperture.errors import Answer

_FIELD: Final = "rateLimit"
_ARGUMENT: Final = "dryRun"


class DryRun:
    """The root fields of an operation that asks for a dry run, and the executor of those that still run."""

    def __init__(self, executor: Executor[Any], fields: dict[str, list[FieldNode]]) -> None:
        self._keys = list(fields)
        self.executor = copy(executor)
        self.executor.operation = _with(
            executor.operation, [node for nodes in fields.values() for node in nodes if _runs(node)]
        )

    def whole(self, answer: Answer) -> Answer:
        """The answer with null for every root field that did not run."""
        data = answer["data"]
        return answer if data is None else {**answer, "data": {key: data.get(key) for key in self._keys}}


def may_be_wanted(text: str) -> bool:
    """Whether a document could ask for a dry run."""
    return _ARGUMENT in text


def wanted(executor: Executor[Any]) -> DryRun | None:
    """The dry run that a request asks for, None for any other request."""
    if executor.operation.operation is not OperationType.QUERY:
        return None
    query = cast("GraphQLObjectType", executor.schema.query_type)
    groups = collect_fields(
        executor.schema, executor.fragments, executor.variable_values, query, executor.operation
    ).grouped_field_set
    fields = {key: [each.node for each in group] for key, group in groups.items()}
    return DryRun(executor, fields) if any(_asks(executor, query, nodes[0]) for nodes in fields.values()) else None


def _asks(executor: Executor[Any], query: GraphQLObjectType, node: FieldNode) -> bool:
    if node.name.value != _FIELD:
        return False
    given = get_argument_values(query.fields[_FIELD], node, executor.variable_values)
    return given.get(_ARGUMENT) is True or given.get("dry_run") is True


def _runs(node: FieldNode) -> bool:
    return node.name.value in {_FIELD, "__typename"}


def _with(operation: OperationDefinitionNode, fields: list[FieldNode]) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=operation.directives,
        selection_set=SelectionSetNode(selections=tuple(fields)),
    )
