"""Columns of scalars and enums: what is told at once, and what needs care."""

import re
from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLID, GraphQLInt, GraphQLScalarType, GraphQLString, Undefined

from engine.leaves import Leaf


@strawberry.enum
class Season(Enum):
    DRY = 1
    WET = 2


@strawberry.type
class Query:
    season: Season


SEASON: Any = strawberry.Schema(Query)._schema.type_map["Season"]
PLAIN = GraphQLEnumType("Plain", {"A": 1, "B": 2})
NOTHING = GraphQLScalarType("Nothing", serialize=lambda value: Undefined if value == "undefined" else None)


def column(type_: Any, values: list[Any]) -> Any:
    return Leaf.of(type_).column(values, set(map(type, values)))


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (GraphQLString, ["a", None]),
        (GraphQLString, ["a"]),
        (GraphQLID, ["1"]),
        (GraphQLBoolean, [True]),
        (GraphQLInt, [2**31 - 1, -(2**31)]),
    ],
)
def test_what_json_holds_already_stays_the_same_list(type_: Any, values: list[Any]) -> None:
    assert column(type_, values) is values


@pytest.mark.parametrize(
    ("type_", "values", "told"),
    [
        (GraphQLInt, [1, None, True], [1, None, 1]),
        (GraphQLString, ["a", 2], ["a", "2"]),
        (SEASON, [Season.WET, None, Season.DRY], ["WET", None, "DRY"]),
        (PLAIN, [2, 1], ["B", "A"]),
    ],
)
def test_other_values_are_told_at_once(type_: Any, values: list[Any], told: list[Any]) -> None:
    assert column(type_, values) == told


@pytest.mark.parametrize(
    ("type_", "values"),
    [(GraphQLInt, [1, 2**40]), (SEASON, [Season.WET, "WET"]), (NOTHING, [1, None]), (NOTHING, ["undefined"])],
)
def test_a_column_with_a_value_that_cannot_be_told_needs_care(type_: Any, values: list[Any]) -> None:
    assert column(type_, values) is None


def test_members_of_an_enum_are_looked_up_instead_of_searched() -> None:
    assert Leaf.of(SEASON).tell != SEASON.coerce_output_value
    assert Leaf.of(PLAIN).tell == PLAIN.coerce_output_value


def test_a_value_that_is_told_as_nothing_is_an_error_in_the_words_of_the_library() -> None:
    words = "Expected `Nothing.coerce_output_value(1)` to return non-nullable value, returned: None"

    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        Leaf.of(NOTHING).one(1)
    with pytest.raises(TypeError, match="returned: Undefined"):
        Leaf.of(NOTHING).one("undefined")
