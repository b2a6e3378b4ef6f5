"""What an operation costs: each rule of the draft alone, and no document is dear to reckon."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, validate

from aperture import cost
from aperture.callers import RequestInfo
from aperture.cost import Plan
from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.prices import Prices
from aperture.subscription import subscribe
from core.errors import ApiError
from core.viewer import Viewer
from schema.contract import Contract, contract
from tests.small_graph import SCHEMA, World

CONTRACT = Contract.read(
    """
    directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT
    directive @listSize(
      assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true
    ) on FIELD_DEFINITION

    type Query {
      number: Int
      dearNumber: Int @cost(weight: "3")
      thing: Thing
      heavy: Heavy
      dear: Thing @cost(weight: "7")
      things(first: Int = 4, last: Int): [Thing!] @listSize(slicingArguments: ["first", "last"], assumedSize: 9)
      some: [Thing!] @listSize(assumedSize: 6)
      untold: [Thing!]
      sliced(first: Int): [Thing!] @listSize(slicingArguments: ["first"])
      list(first: Int = 5): Connection @listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"])
      nodes(ids: [ID!]!): [Node] @listSize(assumedSize: 50)
      node: Node
      either: Either
      rateLimit: Thing
      operation: Thing
    }

    interface Node { id: ID! next: Node }
    type Thing implements Node { id: ID! next: Node many: [Thing!] @listSize(assumedSize: 100) thing: Thing }
    type Heavy implements Node @cost(weight: "5") { id: ID! next: Node thing: Thing }
    union Either = Thing | Heavy
    type Connection { edges: [Edge!]! nodes: [Thing!]! total: Int }
    type Edge { node: Thing! }
    """
)

INFO = RequestInfo(request_id="r", address="192.0.2.1", accept="", user_agent="")


def plan_of(text: str, written: Contract = CONTRACT) -> Plan:
    document = parse(text, max_lexical_tokens=None)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return cost.plan(written.schema, Prices.of(written), document, operation)


def points(text: str, **variables: Any) -> int:
    assert validate(CONTRACT.schema, parse(text)) == []
    return plan_of(text).cost(variables)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ number }", 0),
        ("{ dearNumber }", 3),
        ("{ thing { id } }", 1),
        ("{ heavy { id } }", 5),
        ("{ dear { id } }", 7),
        ("{ thing { thing { id } } heavy { thing { id } } }", 2 + 6),
        ("{ some { id } }", 6),
        ("{ some { thing { id } } }", 12),
        ("{ untold { id } }", cost.UNTOLD_SIZE),
        ("{ __typename __schema { types { fields { name } } } }", 0),
        ("{ rateLimit { thing { id } } operation { many { id } } }", 0),
    ],
)
def test_objects_weigh_one_and_leaves_nothing_unless_told(document: str, expected: int) -> None:
    assert points(document) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", 4),
        ("(first: 2)", 2),
        ("(first: 0)", 0),
        ("(first: -5)", 0),
        ("(first: null)", 4),
        ("(first: 2, last: 3)", 3),
        ("(first: 2147483647)", 1_000_000_000),
    ],
)
def test_a_slicing_argument_says_the_size(arguments: str, expected: int) -> None:
    assert points(f"{{ things{arguments} {{ id }} }}") == expected


@pytest.mark.parametrize(
    ("variables", "expected"), [({"n": 7}, 7), ({"n": None}, 4), ({}, 4), ({"n": 0}, 0), ({"n": -1}, 0)]
)
def test_a_variable_says_the_size_and_null_means_the_default(variables: dict[str, Any], expected: int) -> None:
    assert points("query ($n: Int) { things(first: $n) { id } }", **variables) == expected


def test_one_tree_serves_all_variables() -> None:
    plan = plan_of("query ($n: Int) { things(first: $n) { many { id } } }")

    assert [plan.cost({"n": n}) for n in (1, 2, 1)] == [101, 202, 101]


def test_a_size_that_nobody_tells_is_assumed() -> None:
    assert points("{ sliced { id } }") == cost.UNTOLD_SIZE


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("total", 1),
        ("nodes { id }", 1 + 5),
        ("edges { node { id } }", 1 + 5 * 2),
        ("edges { node { id } } nodes { id }", 1 + 5 * 2 + 5),
    ],
)
def test_a_connection_hands_its_size_to_the_lists_in_it(selection: str, expected: int) -> None:
    assert points(f"{{ list {{ {selection} }} }}") == expected


def test_nodes_counts_the_ids_it_is_given() -> None:
    assert points('{ nodes(ids: ["a", "b", "c"]) { id next { id } } }') == 3 * (5 + 5)
    assert points("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Thing { id } } }", ids=["a", "b"]) == 2 * 5


def test_of_an_abstract_type_the_costliest_member_counts() -> None:
    assert points("{ node { ... on Thing { id } } }") == 5
    assert points("{ node { ... on Thing { many { id } } ... on Heavy { thing { id } } } }") == 1 + 100
    assert points("{ either { ... on Thing { thing { id } } ... on Heavy { thing { id } } } }") == 5 + 1
    assert points("{ either { ... on Node { next { id } } } }") == 5 + 5


def test_a_field_selected_twice_counts_once() -> None:
    twice = "{ thing { id } ...F ...F } fragment F on Query { thing { thing { id } } }"

    assert points(twice) == 2
    assert points("{ a: thing { id } b: thing { id } }") == 2


def test_the_sum_is_capped() -> None:
    nested = "{ thing { " + "many { " * 13 + "id" + " }" * 13 + " } }"

    assert points(nested) == cost.CAP


def test_skipped_fields_count() -> None:
    assert points("query ($is: Boolean!) { thing @include(if: $is) { id } }") == 1


def test_the_breakdown_names_the_dearest_first() -> None:
    plan = plan_of("query ($n: Int) { all: things(first: $n) { thing { id } } dear { id } number }")

    assert plan.breakdown({"n": 6}) == [
        (("all",), "Query.things", 12),
        (("dear",), "Query.dear", 7),
        (("all", "thing"), "Thing.thing", 6),
    ]


def test_the_breakdown_is_short() -> None:
    plan = plan_of("{ " + " ".join(f"t{n}: thing {{ id }}" for n in range(20)) + " }")

    assert len(plan.breakdown({})) == cost.DEAREST


def test_doubled_fragments_are_looked_at_once() -> None:
    doubled = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(50))

    plan = plan_of("{ ...f0 }" + doubled + " fragment f50 on Query { thing { id } }")

    assert plan.cost({}) == 1
    assert plan.visits < 200


def test_an_interface_all_the_way_down_is_looked_at_once_per_type_and_level() -> None:
    plan = plan_of("{ node { " + "next { " * 12 + "id" + " }" * 12 + " } }")

    assert plan.cost({}) == 5 * 13
    assert plan.visits < 60


def test_a_document_that_differs_on_every_path_through_its_types_is_refused() -> None:
    def chain(start: int, kind: str) -> str:
        inner = f"{kind}{start}: id"
        for _ in range(start, 13):
            inner = f"next {{ {inner} }}"
        return inner

    def level(depth: int) -> str:
        if depth == 13:
            return "id"
        kinds = " ".join(f"... on {kind} {{ {chain(depth, kind)} }}" for kind in ("Thing", "Heavy"))
        return f"{kinds} next {{ {level(depth + 1)} }}"

    with pytest.raises(ApiError) as refused:
        plan_of(f"{{ node {{ {level(0)} }} }}")

    assert refused.value.code == "COST_LIMIT_EXCEEDED"


def test_the_running_schema_costs_what_the_contract_says() -> None:
    document = parse("query ($n: Int) { viewer { homeFeed(first: $n) { nodes { id } } } }")
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    prices = Prices.of(contract())

    running = cost.plan(schema._schema, prices, document, operation)
    written = cost.plan(contract().schema, prices, document, operation)

    assert [running.cost({"n": n}) for n in (None, 3)] == [written.cost({"n": n}) for n in (None, 3)]
    assert running.cost({"n": 3}) == 1 + 5 + 3


async def test_a_stream_is_paid_for_when_it_opens() -> None:
    spent: list[int] = []

    async def spend(_: Any, points: int) -> None:
        spent.append(points)
        if len(spent) > 1:
            raise ApiError("RATE_LIMITED", "Too many points in a short time.")

    graph = Graph(SCHEMA._schema, prices=Prices(weights={"Subscription.count": 3}), spend=spend)
    request = GraphQLRequest("subscription { count }")

    opened = await subscribe(graph, request, World().context(Viewer(), INFO))
    refused = await subscribe(graph, request, World().context(Viewer(), INFO))

    assert not isinstance(opened, dict)
    assert len([answer async for answer in opened]) == 3
    assert isinstance(refused, dict)
    assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert spent == [3, 3]


async def test_a_stream_that_is_too_dear_is_not_opened() -> None:
    graph = Graph(SCHEMA._schema, prices=Prices(weights={"Subscription.endless": 2001}))
    world = World()

    refused = await subscribe(graph, GraphQLRequest("subscription { endless }"), world.context(Viewer(), INFO))

    assert isinstance(refused, dict)
    assert refused["errors"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
    assert not world.reached.is_set()
