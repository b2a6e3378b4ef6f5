"""The CPU time it takes to refuse requests made to hurt: `python -m bench.limits`."""

import argparse
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from aperture.cost import MAX_COST
from aperture.documents import DocumentRefused
from aperture.envelope import decode, read_request
from aperture.execution import Graph
from aperture.graphql import schema
from aperture.prices import Prices
from core.errors import ApiError
from core.limits import DEFAULTS
from schema.contract import contract

TARGET_MS: Final = 20.0
NOWHERE: Final = {
    "APERTURE_SECRET_KEY": "a secret of benchmarks, long enough",
    "DATABASE_URL": "postgresql://nowhere/none",
    "REDIS_URL": "redis://nowhere",
}
"""Settings of a process that connects to nothing."""
CHARACTERS: Final = DEFAULTS.characters
MESSAGE_BYTES: Final = DEFAULTS.message_bytes


def main() -> None:
    """Print the best and the worst of some runs, and what each request was refused for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    os.environ |= NOWHERE
    print(f"{'request':<34}{'bytes':>8}{'best ms':>9}{'worst ms':>10}  refused as")
    worst = 0.0
    prices = Prices.of(contract())
    for name, body in _requests():
        took, code = zip(*(_measured(body, prices) for _ in range(runs)), strict=True)
        worst = max(worst, min(took))
        print(f"{name:<34}{len(body):>8}{min(took):>9.2f}{max(took):>10.2f}  {code[0]}")
    print(f"\ndearest at its best {worst:.2f} ms of CPU; the target is {TARGET_MS:g} ms")


def _measured(body: bytes, prices: Prices) -> tuple[float, str]:
    """Milliseconds of CPU until a request never seen before is refused, and the code it is refused with."""
    graph = Graph(schema._schema, allows_introspection=True, prices=prices)  # noqa: SLF001 - the only way
    gc.collect()
    began = time.process_time()
    code = _refusal(graph, body)
    return (time.process_time() - began) * 1000, code


def _refusal(graph: Graph, body: bytes) -> str:
    """The steps of a request up to where it would run."""
    try:
        request = read_request(decode(body))
        points = graph.reckoned(request, graph.operation(request)).cost
    except (ApiError, DocumentRefused) as refused:
        return refused.code
    return "COST_LIMIT_EXCEEDED" if points > MAX_COST else f"not at all: {points} points"


def _requests() -> Iterator[tuple[str, bytes]]:
    """Bombs of text, of variables, and of JSON; each as large as requests may be, if size is what hurts."""
    for name, text in _bombs():
        yield name, json.dumps({"query": text}, ensure_ascii=False).encode()
    for name, query, value in _variables():
        yield name, json.dumps({"query": query, "variables": {"v": value}}).encode()
    yield "variables nobody declared", json.dumps({"query": "{ a }", "variables": _keys(20_000)}).encode()
    yield "JSON in itself", b'{"query": ' + b'{"a":' * (MESSAGE_BYTES // 5 - 3)
    yield (
        "a number of many digits",
        b'{"query": "{ a }", "variables": {"v": ' + b"9" * (MESSAGE_BYTES - 50) + b"}}",
    )
    yield "escapes", b'{"query": "' + b"\\u00e9" * (MESSAGE_BYTES // 6 - 3) + b'"}'


def _variables() -> Iterator[tuple[str, str, Any]]:
    nodes = "query ($v: [ID!]!) { nodes(ids: $v) { id } }"
    create = "mutation ($v: CreatePostInput!) { createPost(input: $v) { errors { code } } }"
    yield "a list of ids", nodes, ["a"] * 50_000
    yield "a list of wrong ids", nodes, [{}] * 50_000
    yield "lists in a list", nodes, [[[]]] * 30_000
    yield "wrong items", create, {"content": {"carousel": {"items": [{"uploaId": "x"}] * 12_000}}}
    yield "unknown fields", create, _keys(20_000)
    yield "objects in themselves", create, _deep(500)
    yield "a text for a number", "query ($v: Int!) { a(first: $v) }", "9" * 250_000


def _keys(count: int) -> dict[str, int]:
    return {f"k{n}": 1 for n in range(count)}


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"content": value}
    return value


def _bombs() -> Iterator[tuple[str, str]]:
    yield "fragments doubled 50 times", _doubled("{ __typename }", 50)
    yield "fragments doubled 10 times", _doubled("{ viewer { id } }", 10)
    yield "fragments in a circle", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
    yield "fragments nobody spreads", "{ viewer { id } } " + _fragments(59, "{ id }")
    yield "too many fragments", "{ viewer { id } } " + _fragments(250, "{ id }")
    yield "fragments that spread all others", "{ ...f0 } " + _fragments(44, "{ " + _spreads(44) + "}")
    yield "operations", _filled("", lambda n: f"query q{n} {{ viewer {{ id }} }} ", "", times=250)
    yield "aliases", _filled("{ ", lambda n: f"a{n}: viewer {{ id }} ", " }")
    yield "directives", _filled("{ viewer { id ", lambda _: "@skip(if: true) ", "} }", times=150)
    yield "directives nobody knows", _filled("{ viewer { id ", lambda n: f"@d{n} ", "} }", times=490)
    yield (
        "arguments again and again",
        _filled("{ viewer { posts(", lambda _: "first: 1 ", ") { id } } }", times=320),
    )
    yield "fields that do not exist", _filled("{ viewer { ", lambda n: f"usr{n} ", "} }", times=990)
    yield "one field again and again", _filled("{ viewer { ", lambda _: "id ", "} }")
    yield "inline fragments in each other", "{ viewer " + "{ ... " * 600 + "{ id }" + " }" * 600 + " }"
    yield "braces in each other", "{ a " * (CHARACTERS // 4)
    yield "lists in each other", _in_each_other("posts(first: 50) { nodes { author { ", "id", " } } }", 4)
    yield (
        "feed of feeds",
        "{ viewer { homeFeed(first: 50) { nodes { ... on Post { author { " + _lists(3) + " } } } } } }",
    )
    yield "types on every path", _branching(3)
    yield "introspection in itself", _introspection(9)
    yield "introspection, wide", "{ __schema { types { " + "fields { name args { name } } " * 110 + "} } }"
    yield (
        "introspection by ofType",
        "{ __schema { types { fields { type { " + "ofType { " * 12 + "name" + " }" * 16 + " }",
    )
    yield "variables", _filled("query(", lambda n: f"$v{n}: Int ", ") { viewer { id } }")
    yield "variables in use", _filled("query(", lambda n: f"$v{n}: Int ", ") { " + _uses(80) + " }", times=99)
    yield "lists in a literal", "{ nodes(ids: " + "[" * 900 + "]" * 900 + ") { id } }"
    yield "a list in a literal", '{ nodes(ids: ["' + '" "'.join("a" * 980) + '"]) { id } }'
    yield "a giant text", '{ node(id: "' + "x" * (CHARACTERS - 30) + '") { id name } }'
    yield "a giant block text", '{ node(id: """' + "\n x" * (CHARACTERS // 4) + '""") { id } }'
    yield "a text too long", '{ node(id: "' + "x" * (MESSAGE_BYTES - 60) + '") { id } }'
    yield "a giant number", "{ viewer { posts(first: " + "9" * (CHARACTERS - 50) + ") { nodes { id } } } }"
    yield "comments", "#\n" * (CHARACTERS // 2 - 10) + "{ a }"
    yield "a giant comment", "#" + "x" * (CHARACTERS - 30) + "\n{ a }"
    yield "commas and byte order marks", ",\ufeff" * (CHARACTERS // 2 - 10) + "{ a }"
    yield "names of all the world", "{ " + "\U0001f642" * (CHARACTERS - 30) + " }"
    yield "escapes of surrogates", '{ node(id: "' + "\\ud83d\\ude42" * (CHARACTERS // 12 - 10) + '") { id name } }'


def _filled(head: str, piece: Callable[[int], str], tail: str, times: int = 330) -> str:
    """About as many pieces as fit into the limits on tokens and characters."""
    return head + "".join(piece(n) for n in range(times)) + tail


def _fragments(count: int, selections: str) -> str:
    return " ".join(f"fragment f{n} on Query {selections}" for n in range(count))


def _spreads(count: int) -> str:
    return "".join(f"...f{n} " for n in range(count))


def _uses(count: int) -> str:
    return " ".join(f"viewer {{ posts(first: $v{n}) {{ nodes {{ id }} }} }}" for n in range(count))


def _doubled(last: str, times: int) -> str:
    chain = "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(times))
    return "{ ...f0 }" + chain + f" fragment f{times} on Query {last}"


def _in_each_other(head: str, inner: str, tail: str, times: int) -> str:
    return '{ user(by: {handle: "a"}) { ' + head * times + inner + tail * times + " } }"


def _lists(times: int) -> str:
    return "posts(first: 50) { nodes { author { " * times + "id" + " } } }" * times


def _branching(depth: int) -> str:
    """Every type of `Node` goes on in a way of its own."""

    def level(left: int, name: str) -> str:
        if not left:
            return f"{name}: __typename"
        below = f"author {{ posts(first: 2) {{ nodes {{ {level(left - 1, name + 'p')} }} }} }}"
        return f"id {below} comments(first: 2) {{ nodes {{ {name}: id }} }}"

    return '{ nodes(ids: ["a"]) { ... on Post { ' + level(depth, "x") + " } ... on User { " + _lists(3) + " } } }"


def _introspection(times: int) -> str:
    return "{ __schema { types { " + "fields { type { " * times + "name" + " } }" * times + " } } }"


if __name__ == "__main__":
    main()
