"""What an answer cost: lists by their length, what is null for nothing, each object as the type it has."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from aperture import bill, cost
from aperture.cost import Plan
from aperture.prices import Prices
from schema.contract import Contract

CONTRACT = Contract.read(
    """
    directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT
    directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION

    type Query {
      thing: Thing
      number: Int @cost(weight: "3")
      things(first: Int = 4): [Thing] @listSize(slicingArguments: ["first"])
      table: [[Thing!]!] @listSize(assumedSize: 8)
      node: Node
      list(first: Int = 5): Connection @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    }
    interface Node { id: ID! }
    type Thing implements Node { id: ID! name: String thing: Thing many: [Thing!] @listSize(assumedSize: 100) }
    type Heavy implements Node @cost(weight: "5") { id: ID! name: String }
    type Connection { edges: [Edge!]! }
    type Edge { node: Thing! }
    """
)


def plan_of(text: str) -> Plan:
    document = parse(text)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return cost.plan(CONTRACT.schema, Prices.of(CONTRACT), document, operation)


def actual(text: str, data: dict[str, Any] | None, **variables: Any) -> int:
    points: int = bill.bill(plan_of(text), variables, data)["actual"]
    return points


@pytest.mark.parametrize(
    ("document", "data", "points"),
    [
        ("{ thing { id } }", None, 0),
        ("{ thing { id } }", {"thing": None}, 0),
        ("{ thing { id } }", {"thing": {"id": "1"}}, 1),
        ("{ number }", {"number": None}, 3),
        ("{ number @skip(if: true) }", {}, 0),
        ("{ things { thing { id } } }", {"things": []}, 0),
        ("{ things { thing { id } } }", {"things": [{"thing": None}, None, {"thing": {"id": "1"}}]}, 3),
        ("{ table { id } }", {"table": [[{"id": "1"}, {"id": "2"}], [{"id": "3"}]]}, 3),
        ("{ list { edges { node { id } } } }", {"list": {"edges": [{"node": {"id": "1"}}]}}, 3),
        ("{ a: thing { id } b: thing { id } }", {"a": {"id": "1"}, "b": None}, 1),
    ],
)
def test_an_answer_costs_what_is_in_it(document: str, data: dict[str, Any] | None, points: int) -> None:
    assert actual(document, data) == points


@pytest.mark.parametrize(
    ("found", "points"),
    [
        ({"__typename": "Thing", "id": "1"}, 1),
        ({"__typename": "Heavy", "id": "1"}, 5),
        ({"id": "1"}, 5),
        ({"id": "1", "thing": {"id": "2"}}, 2),
        ({"id": "1", "name": "x"}, 5),
    ],
)
def test_an_object_costs_as_the_type_it_has(found: dict[str, Any], points: int) -> None:
    document = "{ node { __typename id ... on Thing { thing { id } } ... on Heavy { name } } }"

    assert actual(document, {"node": found}) == points


def test_each_field_has_its_points_with_all_below_it() -> None:
    document = "query ($n: Int) { things(first: $n) { thing { id } many { id } } thing { id } }"
    data = {"things": [{"thing": {"id": "1"}, "many": [{"id": "2"}]}], "thing": None}

    told = bill.bill(plan_of(document), {"n": 2}, data)

    assert (told["requested"], told["actual"]) == (2 * (1 + 1 + 100) + 1, 3)
    assert [(each["path"], each["coordinate"], each["requested"], each["actual"]) for each in told["fields"]] == [
        (("things",), "Query.things", 204, 3),
        (("things", "many"), "Thing.many", 200, 1),
        (("things", "thing"), "Thing.thing", 2, 1),
        (("thing",), "Query.thing", 1, 0),
    ]


def test_a_field_of_a_cheaper_type_is_told_when_the_answer_has_it() -> None:
    document = "{ node { ... on Heavy { id name } ... on Thing { name thing { id } } } }"

    told = bill.bill(plan_of(document), {}, {"node": {"name": "x", "thing": {"id": "1"}}})

    assert (told["requested"], told["actual"]) == (5, 2)
    assert told["fields"][1] == {"path": ("node", "thing"), "coordinate": "Thing.thing", "requested": 1, "actual": 1}


def test_an_estimate_tells_the_dearest_fields() -> None:
    told = bill.estimate(plan_of("{ " + " ".join(f"t{n}: thing {{ id }}" for n in range(200)) + " number }"), {})

    assert told["requested"] == 203
    assert len(told["fields"]) == bill.FIELDS
    assert told["fields"][0] == {"path": ("number",), "coordinate": "Query.number", "requested": 3}
