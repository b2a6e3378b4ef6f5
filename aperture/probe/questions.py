"""What there is to ask: selections made of the contract alone, so that whatever it gains is walked, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_list_type,
)
from graphql.type import is_required_argument

from schema.contract import Contract

HEAD: Final = "__typename ... on Node { id }"
PAGE: Final = 20

_NODE: Final = "Node"
_TEXT: Final = "String"


@dataclass(frozen=True, slots=True)
class Call:
    """One way to ask for a field: `name` stands in answers, `label` is for people, `takes` are its variables' types.

    `again` asks for what comes behind the cursor `$after`; None if the field has no pages. `bare` asks for nothing but
    the id; None if the field answers nothing that has one.
    """

    name: str
    label: str
    text: str
    takes: Mapping[str, str] = field(default_factory=dict)
    again: str | None = None
    bare: str | None = None


class Questions:
    """What a contract lets ask, with pages of `page` items where its bounds let them be so large."""

    def __init__(self, written: Contract, page: int = PAGE) -> None:
        self._written = written
        self._types: Mapping[str, Any] = written.schema.type_map
        self._page = page
        self._calls: dict[str, Sequence[Call]] = {}

    def fields(self, kind: str) -> Mapping[str, GraphQLField]:
        """The fields of a type by name."""
        fields: Mapping[str, GraphQLField] = self._types[kind].fields
        return fields

    def facts(self, kind: str) -> Sequence[Call]:
        """All that an object of this type says of itself."""
        names = [name for name, field in self.fields(kind).items() if not is_composite_type(get_named_type(field.type))]
        return [Call(name, name, name) for name in names if not required(self.fields(kind)[name])]

    def calls(self, kind: str) -> Sequence[Call]:
        """All ways on from an object of this type: its neighbours and lists, those in each order and of each choice."""
        if kind not in self._calls:
            ways = [name for name, field in self.fields(kind).items() if is_composite_type(get_named_type(field.type))]
            self._calls[kind] = [call for name in ways for call in self.calls_of(kind, name)]
        return self._calls[kind]

    def calls_of(self, kind: str, name: str) -> Iterator[Call]:
        """A field with variables for its required arguments; and once more for each choice of an optional one."""
        where, field = f"{kind}.{name}", self.fields(kind)[name]
        below, needs = self._below(field), required(field)
        always = [*(f"{each}: ${each}" for each in needs), *self._first(where, field)]
        for number, (choice, takes) in enumerate(_choices(field)):
            asked = f"{name}_{number}" if number else name
            arguments, whole = [*always, *choice], below
            if number:
                # Another choice finds other things, and tells of each of them the same.
                whole = self._below(field, 0)
            called = f"{asked}: {name}{'(' + ', '.join(arguments) + ')' if arguments else ''}"
            again = f"{asked}: {name}({', '.join([*arguments, 'after: $after'])}) {whole}"
            yield Call(
                name=asked,
                label=f"{name}({', '.join(choice)})" if choice else name,
                text=f"{called} {whole}",
                takes=needs | takes,
                again=again if "after" in field.args else None,
                bare=f"{called} {{ {HEAD} }}" if self._has_id(field.type) else None,
            )

    def limit(self, where: str, argument: GraphQLArgument, bound: str) -> int | None:
        """The number that `@constraint` gives an argument."""
        applied = self._written.applied(argument, where)
        return next((each.values.get(bound) for each in applied if each.name == "constraint"), None)

    def _first(self, where: str, field: GraphQLField) -> Iterator[str]:
        if "first" in field.args:
            most = self.limit(f"{where}(first:)", field.args["first"], "max") or self._page
            yield f"first: {min(self._page, int(most))}"

    def _below(self, field: GraphQLField, whole: int = 1) -> str:
        named = get_named_type(field.type)
        return f"{{ {self._selection(named, whole, frozenset())} }}" if is_composite_type(named) else ""

    def _selection(self, named: Any, whole: int, passed: frozenset[str]) -> str:
        """What to ask of a type: of the first `whole` things with an id everything, of what is behind them the id."""
        if self._has_id(named):
            if not whole or named.name == _NODE:
                return HEAD
            whole, passed, head = whole - 1, frozenset(), HEAD
        elif named.name in passed:
            return "__typename"
        else:
            passed, head = passed | {named.name}, "__typename"
        members = self._members(named)
        clashing = _clashing(members)
        parts = [f"... on {each.name} {{ {self._all(each, whole, passed, clashing)} }}" for each in members]
        return f"{head} {' '.join(parts)}"

    def _all(self, type_: GraphQLObjectType, whole: int, passed: frozenset[str], clashing: frozenset[str]) -> str:
        """The fields of a type that need no arguments; names used otherwise elsewhere get the type's in front."""
        parts = ["__typename"]
        for name, each in type_.fields.items():
            named, asked = get_named_type(each.type), f"{type_.name}__{name}: {name}" if name in clashing else name
            if required(each):
                continue
            if not is_composite_type(named):
                parts.append(asked)
            elif not each.args:
                # The things at the edges are those of `nodes`, which tell all of themselves there.
                below = 0 if name == "edges" and "nodes" in type_.fields else whole
                parts.append(f"{asked} {{ {self._selection(named, below, passed)} }}")
        return " ".join(parts)

    def _has_id(self, type_: Any) -> bool:
        members = self._members(get_named_type(type_))
        return any(any(each.name == _NODE for each in getattr(member, "interfaces", ())) for member in members)

    def _members(self, named: Any) -> Sequence[GraphQLObjectType]:
        return self._written.schema.get_possible_types(named) if is_abstract_type(named) else [named]


def required(field: GraphQLField) -> dict[str, str]:
    """The types of the arguments that a field cannot do without."""
    return {name: str(each.type) for name, each in field.args.items() if is_required_argument(each)}


def _clashing(members: Sequence[GraphQLObjectType]) -> frozenset[str]:
    """Names of fields that members of one type give different types."""
    types: dict[str, set[str]] = {}
    for member in members:
        for name, each in member.fields.items():
            types.setdefault(name, set()).add(str(each.type))
    return frozenset(name for name, given in types.items() if len(given) > 1)


def _choices(field: GraphQLField) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Arguments and what they take: none of the optional ones, and each choice of one of them."""
    yield [], {}
    for name, argument in field.args.items():
        if is_required_argument(argument) or name == "after":
            continue
        named, is_list = get_named_type(argument.type), is_list_type(get_nullable_type(argument.type))
        if is_enum_type(named):
            values = [value for value in named.values if value != argument.default_value]
            yield from (([f"{name}: [{value}]" if is_list else f"{name}: {value}"], {}) for value in values)
        elif named.name == _TEXT and not is_list:
            yield [f"{name}: ${name}"], {name: str(argument.type)}
