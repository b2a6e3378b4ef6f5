"""A document that can be run by plan: which plans it has, and which schemas and operations have none."""

from collections.abc import Iterator
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from engine.kinds import misdeclared
from engine.plan import Plan, Unsupported

PLANS: Final = 16
"""Plans kept of one document: one for each operation and choice of `@include` and `@skip`; the oldest makes room."""

_CHOOSING: Final = frozenset({"include", "skip"})
_INTROSPECTION: Final = frozenset({"__schema", "__type"})
_UNKNOWN: Final = frozenset({"defer", "stream", "experimental_disableErrorPropagation"})


class Compiler:
    """A Strawberry schema whose fields declare their kinds (`engine.kinds`), as the graphql-core schema beneath it."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.misdeclared = frozenset(each.split(" ")[0] for each in misdeclared(schema))

    def program(self, document: DocumentNode) -> "Program":
        """Prepare a document that is valid for the schema."""
        return Program(self, document)


class Program:
    """One valid document. Keep it as long as the document: planning costs as much as validating."""

    def __init__(self, compiler: Compiler, document: DocumentNode) -> None:
        self._compiler = compiler
        definitions = document.definitions
        self._fragments = {
            each.name.value: FragmentDetails(each) for each in definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._choosing, self._unsupported = _look_through(document, compiler.misdeclared)
        self._plans: dict[tuple[str | None, tuple[bool, ...]], Plan] = {}

    def plan(self, operation: OperationDefinitionNode, variables: VariableValues) -> Plan:
        """The plan of an operation of the document with these variables; raises `Unsupported`."""
        if self._unsupported:
            raise Unsupported(self._unsupported)
        choice = {name: variables.coerced.get(name, False) for name in self._choosing}
        if None in choice.values():
            raise Unsupported("null for a condition")
        key = (operation.name.value if operation.name else None, tuple(choice.values()))
        plan = self._plans.get(key)
        if plan is None:
            plan = Plan(self._compiler.schema, operation, self._fragments, choice)
            if len(self._plans) >= PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[key] = plan
        return plan


def _look_through(document: DocumentNode, misdeclared: frozenset[str]) -> tuple[list[str], str]:
    """The variables that steer what is included, and why the document cannot be run by plan, if so."""
    names = {each.partition(".")[2] for each in misdeclared}
    choosing: dict[str, None] = {}
    for node in _nodes(document):
        if isinstance(node, FieldNode) and node.name.value in _INTROSPECTION:
            return [], "introspection"
        if isinstance(node, FieldNode) and node.name.value in names:
            return [], f"field {node.name.value}"
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in _UNKNOWN:
                return [], f"@{directive.name.value}"
            if directive.name.value in _CHOOSING:
                given = (each.value for each in directive.arguments or ())
                choosing.update((each.name.value, None) for each in given if isinstance(each, VariableNode))
    return list(choosing), ""


def _nodes(document: DocumentNode) -> Iterator[Any]:
    """All definitions and selections of a document."""
    waiting: list[Any] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        yield node
        below = getattr(node, "selection_set", None)
        waiting.extend(below.selections if below else ())
