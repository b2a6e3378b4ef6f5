"""The three kinds of fields, and how to tell which one a field of the running schema is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import iscoroutinefunction, unwrap
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
)

Call: TypeAlias = Callable[..., Any]
Guard: TypeAlias = Callable[[Call], Call]

Wanted: TypeAlias = frozenset[str]
"""Dotted paths of schema names below a field, as `edges.node.author`; aliases and type conditions are left out."""

MARK = "kind"
"""Where the metadata of a Strawberry field keeps its `FieldKind`."""

_DEFINITION = "strawberry-definition"


class Kind(StrEnum):
    """How a field gets its value."""

    ATTRIBUTE = "attribute"
    """`call(parent, **args)`, at once."""

    BATCHED = "batched"
    """`await call(parents, ctx, **args)`: a value or an exception per parent, in their order."""

    ROOT = "root"
    """`await call(ctx, **args)`; for a subscription the answer is an async iterator."""


def _as_it_is(call: Call) -> Call:
    return call


@dataclass(slots=True, eq=False)
class FieldKind:
    """What an executor has to know of a field; executors call `call` and nothing else.

    A field that `is_personal` goes by who the viewer is, so that no two viewers may share its value.
    `declared` is the function as written. `guard` puts checks between the two; `around` always stays outermost.
    """

    kind: Kind
    declared: Call
    looks_ahead: bool = False
    around: Guard = _as_it_is
    is_personal: bool = False
    call: Call = field(init=False)

    def __post_init__(self) -> None:
        self.guard()

    def guard(self, *guards: Guard) -> None:
        """Replace `call`: the first guard runs first. Guards put here earlier are gone."""
        call = self.declared
        for guard in reversed(guards):
            call = guard(call)
        self.call = self.around(call)


def definition_of(graphql_field: GraphQLField) -> Any:
    """Strawberry's definition of a field; None for a field that is not Strawberry's."""
    return graphql_field.extensions.get(_DEFINITION)


def kind_of(graphql_field: GraphQLField) -> FieldKind | None:
    """The kind a field was declared with; None for a plain attribute that Strawberry reads by itself."""
    definition = definition_of(graphql_field)
    kind = definition.metadata.get(MARK) if definition else None
    return kind if isinstance(kind, FieldKind) else None


def reader_of(graphql_field: GraphQLField) -> Call:
    """What reads a plain attribute of an object, as Strawberry does."""
    definition = definition_of(graphql_field)
    return attrgetter(definition.python_name)


def _roots(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]


class Place(NamedTuple):
    """A field of the running schema, and whether a list may stand above it."""

    parent: str
    name: str
    field: GraphQLField
    is_below_list: bool


def walk_fields(schema: GraphQLSchema) -> Iterator[Place]:
    """Every field of every object type the roots lead to; twice where it stands both below a list and not."""
    seen: set[tuple[str, bool]] = set()
    waiting: list[tuple[GraphQLNamedType, bool]] = [(root, False) for root in _roots(schema)]
    while waiting:
        parent, is_below_list = waiting.pop()
        if is_abstract_type(parent):
            waiting.extend((member, is_below_list) for member in schema.get_possible_types(parent))
        if not isinstance(parent, GraphQLObjectType) or (parent.name, is_below_list) in seen:
            continue
        seen.add((parent.name, is_below_list))
        for name, each in parent.fields.items():
            yield Place(parent.name, name, each, is_below_list)
            waiting.append((get_named_type(each.type), is_below_list or is_list_type(get_nullable_type(each.type))))


def misdeclared(schema: GraphQLSchema) -> list[str]:
    """Fields that go object by object: functions without a kind, attributes to await, roots that are none, extensions.

    `schema` is the graphql-core schema beneath the Strawberry one. An empty list means that every level of every
    operation costs one call per field.
    """
    roots = {root.name for root in _roots(schema)}
    found: dict[str, str] = {}
    for place in walk_fields(schema):
        kind = kind_of(place.field)
        definition = definition_of(place.field)
        where = f"{place.parent}.{place.name}"
        if kind is None and definition is not None and definition.base_resolver is not None:
            found[where] = f"{where} runs a function but is neither attribute, batched nor root"
        if kind is not None and kind.kind is Kind.ATTRIBUTE and iscoroutinefunction(unwrap(kind.declared)):
            found[where] = f"{where} is an attribute that has to be awaited"
        if kind is not None and kind.kind is Kind.ROOT and place.parent not in roots:
            found[where] = f"{where} is a root field of a type that is no root"
        if definition is not None and definition.extensions:
            found[where] = f"{where} has an extension of Strawberry, which the compiled path does not know"
        if where in found and place.is_below_list:
            found[where] += ", below a list"
    return list(found.values())
