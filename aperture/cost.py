"""What an operation costs, reckoned before it runs: the IBM cost draft over a tree made once per document.

An object weighs 1 and a leaf 0, unless `@cost` says otherwise; a list multiplies what is in it by its size. Of an
abstract type the costliest member counts. A response field that is selected twice counts once, as it runs once.
`@skip` and `@include` are not looked at: the figure is an upper bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nlargest
from math import ceil
from typing import Any, Final, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
)

from aperture.prices import ListSize, Prices
from core.errors import ApiError

MAX_COST: Final = 2_000
CAP: Final = 1_000_000_000
# Lists whose size neither the contract nor an argument tells.
UNTOLD_SIZE: Final = 10
VISITS: Final = 10_000
DEAREST: Final = 10

_FREE: Final = {"rateLimit", "operation"}
_VIEWER: Final = "Query.viewer"


class Priced(NamedTuple):
    """Points of one field with everything below it, and where it stands in the operation and in the schema."""

    path: tuple[str, ...]
    coordinate: str
    points: int


class _Told(NamedTuple):
    """What one argument says of a size: by a variable, or else as it stands; null has the argument's default."""

    variable: str | None
    number: int | None


class _Size(NamedTuple):
    told: tuple[_Told, ...]
    otherwise: int
    most: int = CAP

    def of(self, values: Mapping[str, Any]) -> int:
        counts = [
            _count(values.get(each.variable), each.number) if each.variable else each.number for each in self.told
        ]
        return min(self.most, max((each for each in counts if each is not None), default=self.otherwise))


_ONE: Final = _Size((), 1)


@dataclass(slots=True, eq=False)
class Part:
    """A response field: its size, and what one of its objects costs as each type it may have."""

    key: str
    coordinate: str
    size: _Size
    members: tuple["Member", ...]
    is_leaf: bool = False


@dataclass(slots=True, eq=False)
class Member:
    """An object of one type: its own weight and its fields; `keys` are all it may have in an answer."""

    weight: float
    parts: tuple[Part, ...]
    type_name: str = ""
    keys: frozenset[str] = frozenset()


@dataclass(eq=False)
class Plan:
    """The tree of one operation; only its variables are missing. `visits` is how many selections were looked at."""

    root: Member
    visits: int
    is_conditional: bool = False
    """Whether anything in it has a directive."""
    _variables: frozenset[str] = field(init=False)
    _constant: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._variables = frozenset(_variables(self.root, set()))

    def cost(self, values: Mapping[str, Any]) -> int:
        """Points with these coerced variables, at most `CAP`."""
        if self._variables:
            return Reckoning(values).whole(self.root)
        if self._constant is None:
            self._constant = Reckoning({}).whole(self.root)
        return self._constant

    @cached_property
    def certain(self) -> tuple[str, ...]:
        """Fields that run for everybody who is signed in: at the root and of the viewer, if nothing can be skipped."""
        if self.is_conditional:
            return ()
        viewers = [each for part in self.root.parts if part.coordinate == _VIEWER for each in part.members]
        return tuple(dict.fromkeys(part.coordinate for member in (self.root, *viewers) for part in member.parts))

    def breakdown(self, values: Mapping[str, Any]) -> list[Priced]:
        """The `DEAREST` fields that cost anything, the dearest first."""
        return nlargest(DEAREST, Reckoning(values).fields(self.root), key=lambda each: each.points)


class Reckoning:
    """The numbers of one request; parts that stand in several places are reckoned once."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._known: dict[int, float] = {}

    def whole(self, member: Member) -> int:
        return ceil(self._of(member))

    def fields(self, member: Member, path: tuple[str, ...] = (), times: float = 1) -> Iterator[Priced]:
        """Every field with its points, through the costliest member of each abstract type."""
        for part in member.parts:
            below = (*path, part.key)
            if points := self.of_part(part, times):
                yield Priced(below, part.coordinate, ceil(points))
                yield from self.fields(self.costliest(part.members), below, self.times(part, times))

    def of_part(self, part: Part, times: float) -> float:
        """Points of a part that stands in so many objects."""
        return min(CAP, times * self._of_part(part))

    def times(self, part: Part, times: float) -> float:
        """In how many objects the parts below it stand."""
        return min(CAP, times * part.size.of(self._values))

    def costliest(self, members: Sequence[Member]) -> Member:
        """The one of an abstract type's members that counts."""
        return max(members, key=self._of)

    def _of(self, member: Member) -> float:
        return min(CAP, member.weight + sum(self._of_part(part) for part in member.parts))

    def _of_part(self, part: Part) -> float:
        if id(part) not in self._known:
            each = max(self._of(member) for member in part.members)
            self._known[id(part)] = min(CAP, part.size.of(self._values) * each)
        return self._known[id(part)]


def plan(schema: GraphQLSchema, prices: Prices, document: DocumentNode, operation: OperationDefinitionNode) -> Plan:
    """The tree of a valid operation; ApiError if it takes more than `VISITS` steps to make."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    compiler = _Compiler(schema, prices, fragments)
    root = cast("GraphQLObjectType", schema.get_root_type(operation.operation))
    tree = compiler.member(0, tuple(operation.selection_set.selections), root, {})
    return Plan(tree, compiler.visits, compiler.is_conditional)


class _Compiler:
    """Makes the tree of one operation, each set of selections once per type."""

    def __init__(self, schema: GraphQLSchema, prices: Prices, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.visits = 0
        self.is_conditional = False
        self._schema = schema
        self._prices = prices
        self._fragments = fragments
        self._known: dict[Any, tuple[Member, ...]] = {}

    def member(
        self,
        weight: float,
        selections: tuple[SelectionNode, ...],
        parent: GraphQLObjectType,
        sized: Mapping[str, _Size],
    ) -> Member:
        collected = self._collect(selections, parent)
        parts = (self._part(key, nodes, parent, sized) for key, nodes in collected.items())
        return Member(weight, tuple(part for part in parts if part), parent.name, frozenset(collected))

    def _collect(self, selections: tuple[SelectionNode, ...], parent: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """The fields selected of an object, by response key; each fragment is looked at once."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        waiting = [*reversed(selections)]
        while waiting:
            self._visit()
            selection = waiting.pop()
            self.is_conditional = self.is_conditional or bool(selection.directives)
            if isinstance(selection, FieldNode):
                key = selection.alias or selection.name
                found.setdefault(key.value, []).append(selection)
                continue
            if isinstance(selection, FragmentSpreadNode) and selection.name.value in seen:
                continue
            fragment = self._fragment(selection, seen)
            if self._applies(fragment, parent):
                waiting += reversed(fragment.selection_set.selections)
        return found

    def _fragment(self, selection: SelectionNode, seen: set[str]) -> InlineFragmentNode | FragmentDefinitionNode:
        if isinstance(selection, FragmentSpreadNode):
            seen.add(selection.name.value)
            return self._fragments[selection.name.value]
        return cast("InlineFragmentNode", selection)

    def _visit(self) -> None:
        self.visits += 1
        if self.visits > VISITS:
            raise ApiError("COST_LIMIT_EXCEEDED", "The document spreads its fragments over too many types.")

    def _applies(self, fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLObjectType) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == parent.name:
            return True
        wanted = self._schema.type_map[condition.name.value]
        return is_abstract_type(wanted) and self._schema.is_sub_type(wanted, parent)

    def _part(
        self, key: str, nodes: list[FieldNode], parent: GraphQLObjectType, sized: Mapping[str, _Size]
    ) -> Part | None:
        """What a field costs, None if nothing."""
        name = nodes[0].name.value
        if name.startswith("__") or (parent is self._schema.query_type and name in _FREE):
            return None
        coordinate, declared = f"{parent.name}.{name}", parent.fields[name]
        target = get_named_type(declared.type)
        weight = self._prices.weights.get(coordinate)
        if not is_composite_type(target):
            return Part(key, coordinate, _ONE, (Member(weight, ()),), is_leaf=True) if weight else None
        told = self._told(nodes[0], coordinate, declared)
        below = self._prices.sizes.get(coordinate, ListSize()).sized
        size = sized.get(name) or (told if is_list_type(get_nullable_type(declared.type)) else _ONE)
        return Part(key, coordinate, size, self._members(nodes, target, weight, dict.fromkeys(below, told)))

    def _members(
        self, nodes: list[FieldNode], target: GraphQLCompositeType, weight: float | None, sized: dict[str, _Size]
    ) -> tuple[Member, ...]:
        known = (tuple(map(id, nodes)), target.name, weight, tuple(sized.items()))
        if known not in self._known:
            selections = tuple(each for node in nodes if node.selection_set for each in node.selection_set.selections)
            types = self._schema.get_possible_types(target) if is_abstract_type(target) else [target]
            self._known[known] = tuple(
                self.member(self._weight(each, weight), selections, each, sized)
                for each in cast("list[GraphQLObjectType]", types)
            )
        return self._known[known]

    def _weight(self, target: GraphQLObjectType, of_field: float | None) -> float:
        return self._prices.weights.get(target.name, 1) if of_field is None else of_field

    def _told(self, node: FieldNode, coordinate: str, declared: GraphQLField) -> _Size:
        rule = self._prices.sizes.get(coordinate, ListSize())
        given = {each.name.value: each.value for each in node.arguments or ()}
        told = tuple(_tell(given.get(name), declared.args[name]) for name in rule.slicing if name in declared.args)
        return _Size(told, UNTOLD_SIZE if rule.assumed is None else rule.assumed, rule.most or CAP)


def _tell(value: ValueNode | None, declared: GraphQLArgument) -> _Told:
    default = _default(declared)
    match value:
        case VariableNode():
            return _Told(value.name.value, default)
        case None | NullValueNode():
            return _Told(None, default)
        case IntValueNode():
            return _Told(None, _count(int(value.value), default))
        case ListValueNode():
            return _Told(None, len(value.values))
    return _Told(None, 1)


def _default(declared: GraphQLArgument) -> int | None:
    """The count an argument has when it is left out or null."""
    node = declared.ast_node.default_value if declared.ast_node else None
    value = declared.default_value if node is None else int(node.value) if isinstance(node, IntValueNode) else None
    return _count(value, None)


def _count(value: Any, default: int | None) -> int | None:
    """What a value says of a size: a number is one, and a list has one."""
    if isinstance(value, list):
        return len(value)
    return max(0, min(CAP, value)) if type(value) is int else default


def _variables(member: Member, seen: set[int]) -> Iterator[str]:
    for part in member.parts:
        if id(part) not in seen:
            seen.add(id(part))
            yield from (each.variable for each in part.size.told if each.variable)
            for below in part.members:
                yield from _variables(below, seen)
