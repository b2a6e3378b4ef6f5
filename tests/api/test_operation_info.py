"""What an operation can be told of itself, and what its answer says of its cost."""

from hashlib import sha256

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from aperture.deprecations import deprecations
from core.limits import DEFAULTS
from schema.operations import DeprecationUse
from tests.client import Client

SELF = """query Look($handle: String) {
  operation {
    name hash isPersisted cost maxCost depth maxDepth traceId
    costBreakdown { path coordinate points } deprecations { coordinate path reason removalDate }
  }
  someone: user(by: {handle: $handle}) { posts(first: 12) { nodes { id } } }
}"""

OLD = build_schema(
    """
    type Query {
      old(by: Lookup, kind: Kind, way: Int @deprecated(reason: "No way.")): Query
        @deprecated(reason: "Use `new`. Removed after 2027-06-01.")
      new: Query
    }
    input Lookup { name: String @deprecated(reason: "Use `id`.") inner: [Lookup!] id: ID }
    enum Kind { FINE WRONG @deprecated(reason: "Use FINE.") }
    """
)


async def test_an_operation_is_told_what_the_server_thinks_of_it(api: Client) -> None:
    answer = await api.send(SELF, handle="nobody")

    told = answer.json()["data"]["operation"]
    assert told == {
        "name": "Look",
        "hash": sha256(SELF.encode()).hexdigest(),
        "isPersisted": False,
        "cost": 14,
        "maxCost": 2000,
        "depth": 4,
        "maxDepth": DEFAULTS.depth,
        "traceId": answer.headers["x-request-id"],
        "costBreakdown": [
            {"path": ["someone"], "coordinate": "Query.user", "points": 14},
            {"path": ["someone", "posts"], "coordinate": "User.posts", "points": 13},
            {"path": ["someone", "posts", "nodes"], "coordinate": "PostConnection.nodes", "points": 12},
        ],
        "deprecations": [],
    }


async def test_an_operation_without_name_has_none(api: Client) -> None:
    answer = await api.ask("{ operation { name cost costBreakdown { points } } }")

    assert answer == {"operation": {"name": None, "cost": 0, "costBreakdown": []}}


async def test_a_payload_knows_the_operation_it_belongs_to(api: Client) -> None:
    answer = await api.ask(
        """mutation In { logIn(input: {identifier: "nobody", password: "wrong password"}) {
          errors { code } query { operation { name costBreakdown { coordinate } } }
        } }"""
    )

    assert answer["logIn"]["query"]["operation"]["name"] == "In"
    assert answer["logIn"]["query"]["operation"]["costBreakdown"][0]["coordinate"] == "Mutation.logIn"


async def test_an_answer_tells_its_cost_when_asked(api: Client) -> None:
    body = {"query": '{ user(by: {handle: "nobody"}) { id } }'}

    silent = (await api.http.post("/graphql", json=body)).json()
    telling = (await api.http.post("/graphql", json={**body, "extensions": {"cost": True}})).json()

    assert "extensions" not in silent
    cost = telling["extensions"]["cost"]
    assert (cost["requested"], cost["actual"], cost["maxCost"], cost["cacheHits"]) == (1, 0, 2000, 0)
    assert cost["fields"] == [{"path": ["user"], "coordinate": "Query.user", "requested": 1, "actual": 0}]
    assert cost["statements"] >= 1
    assert telling["data"] == silent["data"]


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ('mutation { logIn(input: {identifier: "a", password: "b"}) { errors { code } } }', 11),
        ('subscription { postEvents(postIds: ["a"]) { cursor } }', 1),
        ("{ viewer { homeFeed(first: 50) { nodes { __typename } edges { node { __typename } } } } }", 156),
    ],
)
async def test_an_estimate_runs_nothing(api: Client, document: str, points: int) -> None:
    answer = (await api.http.post("/graphql", json={"query": document, "extensions": {"cost": "estimate"}})).json()

    assert answer["data"] is None
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["requested"] == points
    assert answer["extensions"]["cost"]["fields"]
    assert "actual" not in answer["extensions"]["cost"]


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ new { new { __typename } } }", {}, []),
        ("{ new { a: old { __typename } } }", {}, [("Query.old", ["new", "a"])]),
        ("{ ...F new { ...F } } fragment F on Query { old { __typename } }", {}, [("Query.old", ["old"])]),
        (
            "{ new { ... { old(way: 1) { __typename } } } }",
            {},
            [("Query.old", ["new", "old"]), ("Query.old(way:)", ["new", "old"])],
        ),
        ("{ old(kind: WRONG) { __typename } }", {}, [("Query.old", ["old"]), ("Kind.WRONG", ["old"])]),
        ("{ old(kind: FINE) { __typename } }", {}, [("Query.old", ["old"])]),
        (
            '{ old(by: {inner: [{name: "x"}]}) { __typename } }',
            {},
            [("Query.old", ["old"]), ("Lookup.name", ["old"])],
        ),
        (
            "query ($by: Lookup, $kind: Kind) { new { __typename } }",
            {"by": {"inner": [{"name": "x"}]}, "kind": "WRONG"},
            [("Lookup.name", None), ("Kind.WRONG", None)],
        ),
    ],
)
def test_deprecated_parts_are_found_where_they_stand_first(
    text: str, variables: dict[str, object], expected: list[tuple[str, list[str] | None]]
) -> None:
    found = [(use.coordinate, use.path) for use in uses(text, variables)]

    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_date_in_the_reason_is_the_end() -> None:
    (use,) = uses("{ old { __typename } }", {})

    assert use.reason == "Use `new`. Removed after 2027-06-01."
    assert str(use.removal_date) == "2027-06-01"


def uses(text: str, variables: dict[str, object]) -> list[DeprecationUse]:
    document = parse(text)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return deprecations(OLD, document, operation, variables)
