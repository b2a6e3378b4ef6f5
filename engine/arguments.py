"""The arguments of a field in the operation, as the function behind it takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from graphql import FieldNode, GraphQLField, GraphQLSchema, Node, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments
from strawberry.types.unset import UnsetType

from engine.kinds import definition_of

_NO_VARIABLES: Final = VariableValues({}, {})
_IMMUTABLE: Final = (str, int, float, bool, Enum, UnsetType, type(None))


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of one field: `constant` once and for all, or made for each request from its variables."""

    schema: GraphQLSchema
    definition: GraphQLField
    node: FieldNode
    constant: dict[str, Any] | None = None

    @classmethod
    def of(cls, schema: GraphQLSchema, definition: GraphQLField, node: FieldNode) -> "Arguments":
        """The arguments a node gives to a field. What a function could change is made anew for each request."""
        if not definition.args:
            return cls(schema, definition, node, {})
        made = cls(schema, definition, node)
        if any(isinstance(each, VariableNode) for each in _written(node)):
            return made
        try:
            values = made.values(_NO_VARIABLES)
        except Exception:  # noqa: BLE001 - it is told whenever the field is asked for
            return made
        is_safe = all(isinstance(each, _IMMUTABLE) for each in values.values())
        return cls(schema, definition, node, values) if is_safe else made

    def values(self, variables: VariableValues) -> dict[str, Any]:
        """Keyword arguments in Python's names and types; raises what coercion raises."""
        if self.constant is not None:
            return self.constant
        coerced = get_argument_values(self.definition, self.node, variables)
        field, own = definition_of(self.definition), getattr(self.schema, "_strawberry_schema", None)
        if field is None or own is None:
            return coerced
        return convert_arguments(coerced, field.arguments, own.schema_converter.scalar_registry, own.config)


def _written(node: FieldNode) -> Iterator[Node]:
    """All values between the parentheses of a field."""
    waiting: list[Any] = [each.value for each in node.arguments or ()]
    while waiting:
        value = waiting.pop()
        yield value
        waiting.extend(getattr(value, "values", None) or ())
        waiting.extend(each.value for each in getattr(value, "fields", None) or ())
