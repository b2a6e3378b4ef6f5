"""Nobody finds along any path what is not meant for them, and no path of the contract is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_object_type,
    parse,
    validate,
    visit,
)

from core.db import Database
from core.ids import MediaId, UserId
from core.settings import settings
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.factories.tags import tag
from tests.factories.uploads import upload
from tests.privacy.matrix import ELSEWHERE, ROWS, VARIABLES, VIEWERS, Who, document

ROOT = Path(__file__).parents[2]
OPEN_TO_ALL = {"Place"}
CAPTION, ANSWER = "sun over hidden water", "hidden answer"


@dataclass(frozen=True, slots=True)
class Hidden:
    """What Eva, whose account is private, shows to her followers alone, and an upload that she shows to nobody."""

    variables: dict[str, Any]
    secrets: tuple[str, ...]
    viewers: dict[Who, Viewer]


@pytest.fixture
async def hidden(db: Database) -> Hidden:
    eva, fay = await person(db, "eva", is_private=True), await person(db, "fay")
    await follow(db, fay, eva)
    sam = await person(db, "sam")
    await follow(db, sam, eva, "PENDING")
    picture = await post(db, eva, caption=CAPTION)
    await tag(db, picture, fay)
    answer = await comment(db, fay, picture, ANSWER)
    pending = await upload(db, eva)
    code = picture.id.hex[-11:]
    ids = {"post": str(picture), "comment": str(answer), "author": str(UserId(eva.user_id)), "upload": str(pending)}
    named = {"fan": str(UserId(fay.user_id)), "media": str(MediaId(pending.user_id, pending.id))}
    return Hidden(
        variables={**ids, **named, "ids": list(ids.values()), "url": f"{settings().public_url}/p/{code}", "code": code},
        secrets=(CAPTION, ANSWER, str(MediaId(pending.user_id, pending.id))),
        viewers={"stranger": sam, "follower": fay, "author": eva},
    )


@pytest.mark.parametrize("who", VIEWERS)
@pytest.mark.parametrize("name", ROWS)
async def test_only_those_it_is_meant_for_see_it(
    api: Client, sign_in: SignIn, hidden: Hidden, name: str, who: Who
) -> None:
    row = ROWS[name]
    client = await sign_in(hidden.viewers[who]) if who in hidden.viewers else api
    used = {each: hidden.variables[each] for each in VARIABLES if f"${each}" in row.selection}

    answer = await client.send(document(row), **used)

    assert answer.status_code == 200
    assert any(secret in answer.text for secret in hidden.secrets) is (who in row.seen_by), answer.text


def test_every_path_to_something_guarded_has_a_row(contract: GraphQLSchema) -> None:
    walked = {path for row in ROWS.values() for path in paths_of(contract, document(row))}

    assert set(guarded(contract)) - walked == ELSEWHERE.keys()
    assert all((ROOT / file).exists() for file in ELSEWHERE.values())


def test_a_new_path_is_found(contract: GraphQLSchema) -> None:
    text = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    longer = build_schema(text.replace("type Place implements Node {", "type Place implements Node {\n  first: Post"))

    assert set(guarded(longer)) - set(guarded(contract)) == {"Place.first"}


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def guarded(contract: GraphQLSchema) -> Iterator[str]:
    """Every field of an object that can lead to something with an id that is not open to all."""
    for type_ in contract.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            yield from (f"{type_.name}.{name}" for name, each in type_.fields.items() if leads(contract, each.type))


def leads(contract: GraphQLSchema, type_: Any) -> bool:
    named = get_named_type(type_)
    possible = contract.get_possible_types(named) if is_abstract_type(named) else [named]
    return any(is_node(each) and each.name not in OPEN_TO_ALL for each in possible)


def is_node(type_: Any) -> bool:
    return isinstance(type_, GraphQLObjectType) and any(each.name == "Node" for each in type_.interfaces)


def paths_of(contract: GraphQLSchema, text: str) -> set[str]:
    """The fields that an operation leads through."""
    ast, info, found = parse(text), TypeInfo(contract), set()
    assert validate(contract, ast) == []

    class Walk(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = info.get_parent_type()
            found.add(f"{parent.name if parent else None}.{node.name.value}")

    visit(ast, TypeInfoVisitor(info, Walk()))
    return found
