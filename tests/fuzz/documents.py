"""Strategies for documents: of the schema's fields, of its tokens in any order, and of operations gone wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLSchema,
    ListValueNode,
    ObjectFieldNode,
    StringValueNode,
    ValueNode,
    Visitor,
    print_ast,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

from aperture.graphql import schema

SCHEMA = schema._schema
SUBSCRIPTIONS = GraphQLSchema(query=SCHEMA.subscription_type, types=list(SCHEMA.type_map.values()))
OPERATIONS = [path.read_text() for path in sorted(Path("docs/operations").glob("*.graphql"))]

_TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(["", "\0", "2026-02-30", "#00000g", "en-", "Mars/Olympus"]))
_SCALARS = {
    "BigInt": st.integers().map(nodes.Int),
    "Blurhash": _TEXTS.map(nodes.String),
    "Date": st.dates().map(lambda day: nodes.String(day.isoformat())) | _TEXTS.map(nodes.String),
    "DateTime": st.datetimes().map(lambda at: nodes.String(f"{at.isoformat()}Z")) | _TEXTS.map(nodes.String),
    "HexColor": st.just(nodes.String("#00ff00")) | _TEXTS.map(nodes.String),
    "LanguageTag": st.just(nodes.String("pt-BR")) | _TEXTS.map(nodes.String),
    "TimeZone": st.just(nodes.String("Europe/Paris")) | _TEXTS.map(nodes.String),
    "URL": st.sampled_from(["https://a.example/x", "http://[", "//", "ftp://a"]).map(nodes.String),
}
_TOKENS = st.sampled_from(
    [
        *'{}()[]:$!=@|&,\\"0\0\u2028é\U0001f642\ufeff',
        *("$a", "...", "#\n", '"a"', '"""', "-1", "1e9", "9" * 30, "@skip", "@include(if: true)", "@oneOf"),
        *("query", "mutation", "subscription", "fragment", "on", "true", "null", "viewer", "id", "__typename"),
        *("__schema", "node", "Query", "Post", "type", "extend", "schema", "repeatable", "implements"),
    ]
)


def of_query(field: str, ids: Sequence[str]) -> st.SearchStrategy[str]:
    """Valid queries of one root field."""
    return queries(SCHEMA, fields=[field], custom_scalars=_SCALARS, print_ast=_Known(ids).printed)


def of_mutation(field: str, ids: Sequence[str]) -> st.SearchStrategy[str]:
    """Valid mutations of one root field."""
    return mutations(SCHEMA, fields=[field], custom_scalars=_SCALARS, print_ast=_Known(ids).printed)


def of_subscription(field: str, ids: Sequence[str]) -> st.SearchStrategy[str]:
    """Valid subscriptions to one root field."""
    found = queries(SUBSCRIPTIONS, fields=[field], custom_scalars=_SCALARS, print_ast=_Known(ids).printed)
    return found.map(lambda text: text.replace("{", "subscription {", 1))


def soup() -> st.SearchStrategy[str]:
    """Tokens of the language in any order."""
    return st.lists(_TOKENS, max_size=60).map(" ".join)


def spoilt() -> st.SearchStrategy[str]:
    """Operations that front ends use, with a piece cut out, doubled, moved or replaced."""
    pieces = st.one_of(_TOKENS, st.text(max_size=5))
    places = st.integers(0, 1_000_000)
    return st.builds(
        _spoil, st.sampled_from(OPERATIONS), st.lists(st.tuples(places, places, pieces), min_size=1, max_size=4)
    )


def _spoil(text: str, changes: list[tuple[int, int, str]]) -> str:
    for start, length, piece in changes:
        begin = start % len(text)
        end = begin + length % 40
        text = text[:begin] + (text[begin:end] * 2 if length % 3 == 0 else piece) + text[end:] or "{"
    return text


class _Known(Visitor):
    """Puts ids that exist in place of most of the invented ones."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__()
        self._ids = ids

    def printed(self, document: DocumentNode) -> str:
        return print_ast(visit(document, self))

    def enter_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        value = self._known(node.name.value, node.value)
        return ArgumentNode(name=node.name, value=value) if value else None

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        value = self._known(node.name.value, node.value)
        return ObjectFieldNode(name=node.name, value=value) if value else None

    def _known(self, name: str, value: ValueNode) -> ValueNode | None:
        if not name.lower().endswith(("id", "ids")):
            return None
        number = crc32(print_ast(value).encode())
        one = StringValueNode(value=self._ids[number % len(self._ids)])
        if number % 4 == 0:
            return None
        return ListValueNode(values=(one,)) if name.endswith("s") else one
