"""Scalars and enums: a whole column into what JSON holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from graphql import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT, GraphQLEnumType, GraphQLInt, GraphQLNamedType, Undefined
from graphql.pyutils import inspect

_NONE: Final = type(None)
# Values of exactly these types are what JSON holds already; numbers have limits, so they are looked at.
_AS_THEY_ARE: Final[dict[str, set[type]]] = {"String": {str, _NONE}, "ID": {str, _NONE}, "Boolean": {bool, _NONE}}


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """How values of one leaf type are told."""

    leaf_type: Any
    as_they_are: frozenset[type]
    tell: Callable[[Any], Any]

    @classmethod
    def of(cls, type_: GraphQLNamedType) -> "Leaf":
        """The leaf type; members of its enum are looked up instead of searched."""
        tell = _names(type_) if isinstance(type_, GraphQLEnumType) else type_.coerce_output_value  # type: ignore[attr-defined]
        return cls(type_, frozenset(_AS_THEY_ARE.get(type_.name, ())), tell)

    def column(self, values: Sequence[Any], found: set[type]) -> Sequence[Any] | None:
        """All values told, if none of them needs care; `found` are their types."""
        if found <= self.as_they_are:
            return values
        if found == {int} and self.leaf_type is GraphQLInt and _are_small(values):
            return values
        tell = self.tell
        try:
            told = [None if value is None else tell(value) for value in values]
            is_whole = told.count(None) == values.count(None)  # Undefined is equal to None
        except Exception:  # noqa: BLE001 - told again one by one, with care
            return None
        return told if is_whole else None

    def one(self, value: Any) -> Any:
        """One value told; raises what the type raises for a value that is none of its own, or told as nothing."""
        told = self.leaf_type.coerce_output_value(value)
        if told is None or told is Undefined:
            raise TypeError(
                f"Expected `{inspect(self.leaf_type)}.coerce_output_value({inspect(value)})`"
                f" to return non-nullable value, returned: {inspect(told)}"
            )
        return told


def _are_small(numbers: Sequence[int]) -> bool:
    """Whether whole numbers fit into 32 bits, as those of the graph do."""
    return min(numbers) >= GRAPHQL_MIN_INT and max(numbers) <= GRAPHQL_MAX_INT


def _names(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    """Names of an enum's members by the member; a look-up of anything else fails, and is repeated with care."""
    members = getattr(type_, "wrapped_cls", None)
    if not (isinstance(members, type) and issubclass(members, Enum)):
        return type_.coerce_output_value
    return {member: type_.coerce_output_value(member) for member in members}.__getitem__
