"""One below passes, one above is refused, and no document is dear to measure."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLError, parse

from aperture import limits
from aperture.documents import DocumentRefused, Documents
from core.errors import ApiError
from tests.small_graph import SCHEMA


def nested(levels: int) -> str:
    return "{ " + "a { " * (levels - 1) + "a" + " }" * (levels - 1) + " }"


def repeated(field: str, times: int, kind: str = "query") -> str:
    return kind + " { " + " ".join([field] * times) + " }"


def below_root(selections: str) -> str:
    return "{ a { " + selections + " } }"


DOCUMENTS: list[tuple[str, int, Callable[[int], str], str]] = [
    (
        "definitions",
        60,
        lambda n: "{ a }" + "".join(f" fragment f{i} on A {{ a }}" for i in range(n - 1)),
        "VALIDATION",
    ),
    ("variables", 100, lambda n: "query(" + " ".join(f"$v{i}: Int" for i in range(n)) + ") { a }", "VALIDATION"),
    ("levels", 15, nested, "DEPTH"),
    ("levels of a schema", 20, lambda n: nested(n).replace("a", "__schema", 1), "DEPTH"),
    ("aliases", 30, lambda n: below_root(" ".join(f"b{i}: b" for i in range(n))), "COST"),
    ("fields", 1500, lambda n: below_root(" ".join(f"b{i % 15}" for i in range(n - 1))), "COST"),
    ("repeats", 100, lambda n: below_root(" ".join(["b"] * n)), "COST"),
    ("repeats in fragments", 100, lambda n: "{ a { " + "...f " * n + "} } fragment f on A { b }", "COST"),
    ("schemas", 1, lambda n: "mutation { " + "query { __schema { a } } " * n + "}", "COST"),
    ("schemas in fragments", 1, lambda n: "{ " + "...f " * n + "} fragment f on Q { __schema { a } }", "COST"),
    ("schema repeats", 3, lambda n: "{ __type { " + " ".join(f"b{i}: b" for i in range(n)) + " } }", "COST"),
    ("directives", 50, lambda n: below_root("b " + " ".join(["@skip"] * n)), "COST"),
    ("root fields", 20, lambda n: repeated("a", n), "COST"),
    ("same mutation", 3, lambda n: repeated("a", n, "mutation"), "COST"),
    ("root fields in fragments", 20, lambda n: "{ ...f } fragment f on Query { " + "a " * n + "}", "COST"),
    ("same mutation in fragments", 3, lambda n: "mutation { " + "...f " * n + "} fragment f on M { a }", "COST"),
    ("aliases in fragments", 30, lambda n: "{ a { " + "...f " * n + "} } fragment f on M { x: a }", "COST"),
    ("levels in fragments", 15, lambda n: "{ a { ...f } } fragment f on A " + nested(n - 1), "DEPTH"),
]


@pytest.mark.parametrize(
    ("limit", "document", "code"), [one[1:] for one in DOCUMENTS], ids=[one[0] for one in DOCUMENTS]
)
def test_the_limit_passes_and_one_above_is_refused(limit: int, document: Callable[[int], str], code: str) -> None:
    limits.check(parse(document(limit)))

    with pytest.raises(ApiError) as refused:
        limits.check(parse(document(limit + 1)))

    assert refused.value.code.startswith(code)
    assert refused.value.extensions == {"limit": limit}


@pytest.mark.parametrize(
    "text",
    ["{ a }" + " " * 19_996, "{" + " a" * 999 + "}", "{" + "#\n" * 1_001 + " a }"],
    ids=["text", "tokens", "#"],
)
def test_a_text_above_its_limits_is_not_parsed(text: str) -> None:
    with pytest.raises(GraphQLError):
        limits.parse_within_limits(text)


def test_a_text_at_its_limits_is_parsed() -> None:
    limits.parse_within_limits("{ a }" + " " * 19_995)
    limits.parse_within_limits("{" + " a" * 998 + "}")


@pytest.mark.parametrize(
    "many",
    [
        lambda n: {"a": [0] * (n - 1)},
        lambda n: {"a": {"b": [{"c": 1}] * ((n - 2) // 2)}},
        lambda n: dict.fromkeys(range(n)),
    ],
)
def test_variables_have_a_bounded_number_of_values(many: Callable[[int], dict[Any, Any]]) -> None:
    limits.check_variables(many(2000))

    with pytest.raises(ApiError) as refused:
        limits.check_variables(many(2002))

    assert (refused.value.code, refused.value.extensions) == ("COST_LIMIT_EXCEEDED", {"limit": 2000})


def test_fragments_in_fragments_cost_no_more_than_their_text() -> None:
    doubled = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(50))
    document = parse("{ ...f0 }" + doubled + " fragment f50 on Query { hello }")

    with pytest.raises(ApiError, match="fields"):
        limits.check(document)


def test_fragments_that_nest_without_fields_are_too_deep() -> None:
    wrapped = "{ ... " * 150 + "{ ...f%d }" + " }" * 150
    chain = "".join(f" fragment f{n} on Query {wrapped % (n + 1)}" for n in range(50))
    document = parse("{ ...f0 }" + chain + " fragment f50 on Query { hello }", max_lexical_tokens=None)

    with pytest.raises(ApiError) as refused:
        limits.check(document)

    assert refused.value.code == "DEPTH_LIMIT_EXCEEDED"


def test_circular_and_unknown_fragments_are_left_to_validation() -> None:
    documents = Documents(SCHEMA._schema, allows_introspection=True)

    for text in ("{ ...f } fragment f on Query { ...f }", "{ ...unknown }"):
        with pytest.raises(DocumentRefused) as refused:
            documents[text]
        assert refused.value.code == "VALIDATION_FAILED"


def test_comparing_repeated_fields_has_a_budget() -> None:
    documents = Documents(SCHEMA._schema, allows_introspection=True)

    with pytest.raises(DocumentRefused, match="VALIDATION_FAILED"):
        documents["{ thing { " + "self { self { name } } " * 99 + "} }"]


def test_a_valid_document_is_remembered_and_an_invalid_one_is_not() -> None:
    documents = Documents(SCHEMA._schema, allows_introspection=True)

    assert documents["{ hello }"] is documents["{ hello }"]
    for _ in range(2):
        with pytest.raises(DocumentRefused):
            documents["{ helo }"]


def test_old_documents_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aperture.documents.REMEMBERED_CHARACTERS", 20)
    documents = Documents(SCHEMA._schema, allows_introspection=True)
    first = documents["{ hello }"]
    documents["{ whoami }"]
    documents["{ broken }"]

    assert documents["{ hello }"] is not first
