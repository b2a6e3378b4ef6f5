"""Which object type a value has: by its class where that says it all, else by asking the schema about each value."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
)
from graphql.execution import Executor
from graphql.pyutils import inspect, is_awaitable
from strawberry.types.base import StrawberryObjectDefinition

_NO_VALUES: Final = (type(None), type(Undefined), Exception)


@dataclass(slots=True, eq=False)
class Objects:
    """The object types that values of one field have."""

    schema: GraphQLSchema
    named: Any
    info: Any
    _is_certain: bool
    _by_class: dict[type, GraphQLObjectType] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, parent: GraphQLObjectType, name: str, type_: GraphQLOutputType) -> "Objects":
        """For values of the field `name` of `parent`, which has this type."""
        named = get_named_type(type_)
        info = SimpleNamespace(
            schema=schema, parent_type=parent, field_name=name, return_type=type_, is_awaitable=is_awaitable
        )
        return cls(schema, named, info, isinstance(named, GraphQLObjectType) and named.is_type_of is None)

    def of_all(self, values: Sequence[Any], found: set[type]) -> GraphQLObjectType | None:
        """The type that all these values have, if their classes, which are `found`, tell it."""
        if self._is_certain:
            return None if any(issubclass(each, _NO_VALUES) for each in found) else self.named
        if len(found) != 1:
            return None
        (class_,) = found
        known = self._by_class.get(class_)
        if known is None and _class_tells(class_, self.named):
            with suppress(Exception):
                known = self.type_of(values[0])
        return known

    def type_of(self, value: Any) -> GraphQLObjectType:
        """The type of one value; raises what the schema raises for a value that has none here."""
        known = self._by_class.get(type(value))
        if known is not None:
            return known
        type_ = self._resolved(value) if is_abstract_type(self.named) else self.named
        if type_.is_type_of is not None and not type_.is_type_of(value, self.info):
            raise GraphQLError(f"Expected value of type '{type_}' but got: {inspect(value)}.")
        if _class_tells(type(value), self.named):
            self._by_class[type(value)] = type_
        return type_

    def _resolved(self, value: Any) -> GraphQLObjectType:
        name = self.named.resolve_type(value, self.info, self.named)
        reference: Any = Executor  # whose words are told for whatever is wrong with the name
        found: GraphQLObjectType = reference.ensure_valid_runtime_type(self, name, self.named, [], self.info, value)
        return found


def _class_tells(class_: type, named: GraphQLNamedType) -> bool:
    """Whether all instances of a Strawberry class are of one type: none is generic, and no function of ours decides."""
    definition = vars(class_).get("__strawberry_definition__")
    abstract = named.extensions.get("strawberry-definition")
    return (
        isinstance(definition, StrawberryObjectDefinition)
        and not definition.is_graphql_generic
        and definition.is_type_of is None
        and getattr(abstract, "resolve_type", None) is None
    )
