"""Random operations that are valid for a schema: aliases, fragments, directives, variables, merged fields."""

import random
import re
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

_SIZES = ["{width: 1}", "{width: 2, height: null}", "{width: 0, height: 4}"]
_ARGUMENTS = {
    "n": ["1", "2", "$n"],
    "colour": ["RED", "BLUE", "$colour"],
    "size": [*_SIZES, "null", "$size"],
    "sizes": ["[{width: 1}]", "[]", "null", "[$given]", "{width: 3}"],
}
_VARIABLES: dict[str, tuple[str, list[Any]]] = {
    "n": ("Int! = 5", [1, 7]),
    "colour": ("Colour! = BLUE", ["RED"]),
    "size": ("Size", [{"width": 5}, None]),
    "given": ("Size! = {width: 8}", [{"width": 6, "height": None}]),
    "yes": ("Boolean! = true", [True, False]),
    "no": ("Boolean! = false", [True, False]),
}


class Documents:
    """Operations drawn for one schema."""

    def __init__(self, schema: GraphQLSchema, draw: random.Random, depth: int = 3) -> None:
        self._schema = schema
        self._draw = draw
        self._depth = depth
        self._fragments: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def operation(self) -> tuple[str, dict[str, Any]]:
        """An operation and values for some of its variables."""
        is_query = self._draw.random() < 0.85
        type_ = self._schema.query_type if is_query else self._schema.mutation_type
        assert type_ is not None
        body = self._selection(type_, self._depth)
        text = body + "".join(self._fragments.values())
        used = [name for name in _VARIABLES if re.search(rf"\${name}\b", text)]
        declared = ", ".join(f"${name}: {_VARIABLES[name][0]}" for name in used)
        head = ("query" if is_query else "mutation") + (f" Some({declared})" if declared else "")
        given = {name: self._draw.choice(_VARIABLES[name][1]) for name in used if self._draw.random() < 0.6}
        return head + " " + text, given

    def _selection(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = [self._part(type_, depth) for _ in range(self._draw.randint(1, 3))]
        return "{ " + " ".join(parts) + " }"

    def _part(self, type_: GraphQLNamedType, depth: int) -> str:
        chance = self._draw.random()
        if chance < 0.08:
            return "__typename" + self._directive()
        if chance < 0.3 and depth > 0:
            return self._fragment(type_, depth)
        fields = getattr(type_, "fields", None)
        return self._field(self._draw.choice(list(fields.items())), depth) if fields else "__typename"

    def _field(self, named: tuple[str, GraphQLField], depth: int) -> str:
        name, definition = named
        inner = get_named_type(definition.type)
        if not is_leaf_type(inner) and depth == 0:
            return "__typename"
        arguments = self._arguments(definition)
        # One key has one field and one set of arguments, so that everything drawn can be merged.
        alias = "" if not arguments and self._draw.random() < 0.7 else f"{name}_{self._number(arguments)}: "
        below = "" if is_leaf_type(inner) else " " + self._selection(inner, depth - 1)
        return alias + name + arguments + self._directive() + below

    def _number(self, arguments: str) -> int:
        return self._numbers.setdefault(arguments, len(self._numbers))

    def _arguments(self, definition: GraphQLField) -> str:
        chosen = [name for name in definition.args if name in _ARGUMENTS and self._draw.random() < 0.25]
        written = [f"{name}: {self._draw.choice(_ARGUMENTS[name])}" for name in chosen]
        return f"({', '.join(written)})" if written else ""

    def _directive(self) -> str:
        if self._draw.random() > 0.15:
            return ""
        return self._draw.choice([" @include(if: $yes)", " @skip(if: $no)", " @skip(if: true)", " @include(if: true)"])

    def _fragment(self, type_: GraphQLNamedType, depth: int) -> str:
        on = type_
        if is_abstract_type(type_) and self._draw.random() < 0.8:
            on = self._draw.choice(self._schema.get_possible_types(type_))
        elif isinstance(type_, GraphQLObjectType) and type_.interfaces and self._draw.random() < 0.3:
            on = type_.interfaces[0]
        if self._draw.random() < 0.5:
            condition = f" on {on.name}" if on is not type_ or self._draw.random() < 0.5 else ""
            return f"...{condition}{self._directive()} {self._selection(on, depth - 1)}"
        name = f"On{on.name}{len(self._fragments)}"
        self._fragments[name] = ""
        self._fragments[name] = f" fragment {name} on {on.name} {self._selection(on, depth - 1)}"
        return f"...{name}{self._directive()}"
