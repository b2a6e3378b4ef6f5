"""Rules of input values: every place tells its first breach, and where it is."""

from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from schema.contract.constraints import Check, Rules, breaches


def found(rules: Rules, value: Any) -> list[tuple[str, str | None, float | None]]:
    return [
        (each.code, each.constraint, each.limit) for each in breaches([Check("it", "it", rules)], {"it": value}.get)
    ]


@pytest.mark.parametrize(
    ("constraint", "value", "expected"),
    [
        ({"minLength": 3}, "ab", ("TOO_SHORT", "minLength", 3)),
        ({"minLength": 3}, "abc", None),
        ({"maxLength": 2}, "abc", ("TOO_LONG", "maxLength", 2)),
        ({"maxLength": 1}, "👩", None),
        ({"maxLength": 2}, "👩‍🚀", ("TOO_LONG", "maxLength", 2)),
        ({"pattern": "^[a-z]+$"}, "abc", None),
        ({"pattern": "^[a-z]+$"}, "abc\n", ("BAD_FORMAT", "pattern", None)),
        ({"pattern": "^[a-z]+$"}, "a b", ("BAD_FORMAT", "pattern", None)),
        ({"min": 0, "max": 1}, -0.1, ("OUT_OF_RANGE", "min", 0)),
        ({"min": 0, "max": 1}, 1.1, ("OUT_OF_RANGE", "max", 1)),
        ({"min": 1, "max": 50}, 50, None),
        ({"minItems": 1}, [], ("TOO_FEW", "minItems", 1)),
        ({"maxItems": 1}, ["a", "b"], ("TOO_MANY", "maxItems", 1)),
        ({"minLength": 3}, None, None),
        ({"minLength": 3}, strawberry.UNSET, None),
        ({}, "nul\0l", ("BAD_FORMAT", None, None)),
        ({}, "half \ud83d", ("BAD_FORMAT", None, None)),
        ({}, True, None),
    ],
)
def test_a_value_is_held_to_its_rules(constraint: dict[str, Any], value: Any, expected: Any) -> None:
    assert found(Rules.of(constraint), value) == ([expected] if expected else [])


def test_a_place_tells_its_first_breach_only() -> None:
    assert found(Rules.of({"minLength": 9, "pattern": "^x$"}), "ab") == [("TOO_SHORT", "minLength", 9)]


def test_rules_of_items_hold_within_lists() -> None:
    rules = Rules.of({"maxItems": 3, "maxLength": 1})

    assert found(rules, ["a", "bb", "c", "dd"]) == [
        ("TOO_MANY", "maxItems", 3),
        ("TOO_LONG", "maxLength", 1),
        ("TOO_LONG", "maxLength", 1),
    ]


@dataclass
class Attachment:
    alt_text: Any


@dataclass
class Carousel:
    items: list[Attachment]


def test_paths_lead_through_objects_and_lists_in_the_words_of_the_graph() -> None:
    alt_text = Check("altText", "alt_text", Rules.of({"maxLength": 2}))
    carousel = Check("carousel", "carousel", inner=[Check("items", "items", inner=[alt_text])])
    value = Carousel([Attachment("ok"), Attachment("too long"), Attachment(strawberry.Some("long too"))])

    paths = [each.path for each in breaches([carousel], {"carousel": value}.get)]

    assert paths == [("carousel", "items", "1", "altText"), ("carousel", "items", "2", "altText")]


def test_messages_are_sentences_for_people() -> None:
    rules = [Rules.of({"minLength": 1}), Rules.of({"maxItems": 5}), Rules.of({"min": -90})]

    said = [
        next(breaches([Check("it", "it", rule)], {"it": value}.get)).message
        for rule, value in zip(rules, ["", [1] * 6, -91], strict=True)
    ]

    assert said == ["Use at least 1 character.", "Give at most 5 items.", "Must be at least -90."]
