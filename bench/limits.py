"""The CPU time it takes to refuse documents made to hurt: `python -m bench.limits`."""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from typing import Final

from graphql import OperationDefinitionNode

from aperture.cost import MAX_COST
from aperture.documents import DocumentRefused, Documents
from aperture.graphql import schema
from aperture.limits import CHARACTERS
from aperture.prices import Prices
from core.errors import ApiError
from schema.contract import contract

TARGET_MS: Final = 20.0


def main() -> None:
    """Print the best and the worst of some runs, and what each document was refused for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    print(f"{'document':<34}{'bytes':>7}{'best ms':>9}{'worst ms':>10}  refused as")
    worst = 0.0
    prices = Prices.of(contract())
    for name, text in _bombs():
        took, code = zip(*(_measured(text, prices) for _ in range(runs)), strict=True)
        worst = max(worst, min(took))
        print(f"{name:<34}{len(text):>7}{min(took):>9.2f}{max(took):>10.2f}  {code[0]}")
    print(f"\ndearest at its best {worst:.2f} ms of CPU; the target is {TARGET_MS:g} ms")


def _measured(text: str, prices: Prices) -> tuple[float, str]:
    """Milliseconds of CPU until a document never seen before is refused, and the code it is refused with."""
    documents = Documents(schema._schema, allows_introspection=True, prices=prices)  # noqa: SLF001 - the only way
    gc.collect()
    began = time.process_time()
    code = _refusal(documents, text)
    return (time.process_time() - began) * 1000, code


def _refusal(documents: Documents, text: str) -> str:
    try:
        document = documents[text]
        operation: OperationDefinitionNode = document.operation(None)
        points = documents.plan(document, operation).cost({})
    except (ApiError, DocumentRefused) as refused:
        return refused.code
    return "COST_LIMIT_EXCEEDED" if points > MAX_COST else f"not at all: {points} points"


def _bombs() -> Iterator[tuple[str, str]]:
    yield "fragments doubled 50 times", _doubled("{ __typename }", 50)
    yield "fragments doubled 10 times", _doubled("{ viewer { id } }", 10)
    yield "fragments in a circle", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
    yield "aliases", _filled("{ ", lambda n: f"a{n}: viewer {{ id }} ", " }")
    yield "directives", _filled("{ viewer { id ", lambda _: "@skip(if: true) ", "} }", times=150)
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
    yield "introspection, wide", "{ __schema { types { " + "fields { name args { name } } " * 180 + "} } }"
    yield "variables", _filled("query(", lambda n: f"$v{n}: Int ", ") { viewer { id } }")


def _filled(head: str, piece: Callable[[int], str], tail: str, times: int = 330) -> str:
    """About as many pieces as fit into the limits on tokens and characters."""
    return head + "".join(piece(n) for n in range(times)) + tail


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
