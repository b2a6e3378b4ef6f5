"""The crawler walks all there is: every field of the contract, those it will gain, and lists to their last page."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema

from aperture.probe.crawl import Known, Patience, Probe
from aperture.probe.questions import Call, Questions
from core.backends import Backends
from core.db import Database
from core.ids import UserId
from core.viewer import Viewer
from schema.contract import Contract, contract
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.privacy.test_matrix import guarded, paths_of

TEXT = (Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8")
NOT_READ = ("Payload", "Event", "Error", "Mutation", "Subscription")
"""Ends of names of types that no reading leads to."""


def whole(call: Call, kind: str | None = None) -> str:
    """A call as an operation of its own."""
    types = dict(call.takes) | ({"ids": "[ID!]!"} if kind else {})
    head = f"({', '.join(f'${name}: {type_}' for name, type_ in types.items())})" if types else ""
    selection = f"nodes(ids: $ids) {{ ... on {kind} {{ {call.text} }} }}" if kind else call.text
    return f"query {head} {{ {selection} }}"


def operations(written: Contract) -> list[str]:
    """Everything that the crawler may ask, each way on its own."""
    questions = Questions(written)
    nodes = [type_.name for type_ in written.schema.get_possible_types(written.schema.type_map["Node"])]  # type: ignore[arg-type]
    found = [whole(call) for name in questions.fields("Query") for call in questions.calls_of("Query", name)]
    return found + [whole(call, kind) for kind in nodes for call in (*questions.calls(kind), *questions.facts(kind))]


def test_every_path_that_a_reading_can_take_is_walked() -> None:
    schema: GraphQLSchema = contract().schema
    paths = {path for path in guarded(schema) if not path.partition(".")[0].endswith(NOT_READ)}

    walked = {path for text in operations(contract()) for path in paths_of(schema, text)}

    assert paths - walked == set()


def test_a_path_that_the_contract_gains_is_walked_without_a_change() -> None:
    longer = Contract.read(TEXT.replace("type Place implements Node {", "type Place implements Node {\n  first: Post"))

    assert "Place.first" in {path for text in operations(longer) for path in paths_of(longer.schema, text)}


async def test_lists_are_read_to_their_last_page_and_everything_is_met(backends: Backends, db: Database) -> None:
    eva, fay = await person(db, "eva", bio="Sees the sea"), await person(db, "fay")
    await follow(db, fay, eva)
    pictures = [await post(db, eva) for _ in range(5)]
    said = await comment(db, fay, pictures[0], "From afar")

    found = await Probe(backends, page=2).walk(fay, Known(words={"handle": ["eva"]}))

    assert found.of_kind("Post") == {str(each) for each in pictures}
    assert found.of_kind("User") == {str(UserId(each.user_id)) for each in (eva, fay)}
    assert found.of_kind("Comment") == {str(said)}
    assert found.saying("Sees the sea")
    assert found.saying("From afar")
    assert found.is_whole
    (way, *_) = found.things[str(said)].ways
    assert found.steps_to(way)[0] == "user(by: {handle: eva})"


@pytest.mark.parametrize("patience", [Patience(operations=10), Patience(seconds=0), Patience(pages=1)])
async def test_a_walk_that_was_cut_short_says_so(backends: Backends, db: Database, patience: Patience) -> None:
    eva = await person(db, "eva")
    for _ in range(5):
        await post(db, eva)

    found = await Probe(backends, page=2).walk(Viewer(), Known(words={"handle": ["eva"]}), patience)

    assert not found.is_whole
