"""Looking for somebody in a list of followers."""

from typing import Any

import pytest

from core.db import Database
from core.ids import UserId
from core.viewer import Viewer
from services import starts
from tests.api.conftest import SignIn
from tests.client import Client, handles
from tests.factories.people import follow, person
from tests.factories.sessions import set_status

PAGE = """query ($id: ID!, $query: String, $first: Int, $after: String) { node(id: $id) { ... on User {
  LIST(first: $first, after: $after, query: $query) {
    totalCount nodes { handle } edges { followedAt } pageInfo { hasNextPage endCursor } } } } }"""
LISTS = pytest.mark.parametrize("name", ["followers", "following"])
HOW = pytest.mark.parametrize("is_short", [True, False], ids=["short", "long"])


@pytest.fixture
async def star(db: Database) -> Viewer:
    return await person(db, "star")


@pytest.fixture
def read_as(monkeypatch: pytest.MonkeyPatch, *, is_short: bool) -> None:
    """Long lists are read two names at a time."""
    if not is_short:
        monkeypatch.setattr(starts, "SHORT", 0)
        monkeypatch.setattr(starts, "AT_ONCE", 2)


async def find(client: Client, name: str, who: Viewer, query: str | None, **window: Any) -> Any:
    found = await client.ask(PAGE.replace("LIST", name), id=str(UserId(who.user_id)), query=query, **window)
    return found["node"][name]


async def connect(db: Database, name: str, star: Viewer, *people: Viewer) -> None:
    for each in people:
        await (follow(db, each, star) if name == "followers" else follow(db, star, each))


@LISTS
@HOW
@pytest.mark.usefixtures("read_as")
async def test_handles_stand_before_names_and_case_does_not_count(
    api: Client, db: Database, star: Viewer, *, name: str
) -> None:
    people = [
        await person(db, "Anton", display_name="Zoe"),
        await person(db, "ana", display_name="Ana Lima"),
        await person(db, "zed", display_name="ANÁLIA"),
        await person(db, "joana", display_name="Joana"),
        await person(db, "ben", display_name="Andrea"),
    ]
    await connect(db, name, star, *people)
    await person(db, "anders")

    whole, first = await find(api, name, star, "aN"), await find(api, name, star, " @an", first=3)
    rest = await find(api, name, star, "AN", after=first["pageInfo"]["endCursor"])

    assert handles(whole) == handles(first) + handles(rest) == ["ana", "Anton", "ben", "zed"]
    assert whole["totalCount"] in {0, 5}
    assert handles(await find(api, name, star, "aná")) == ["zed"]
    assert [each["pageInfo"]["hasNextPage"] for each in (whole, first, rest)] == [False, True, False]


@HOW
@pytest.mark.usefixtures("read_as")
async def test_signs_stand_for_themselves_and_nothing_for_everybody(api: Client, db: Database, star: Viewer) -> None:
    names = {"one": "100% cotton", "two": "under_score", "three": "back\\slash", "four": "plain"}
    await connect(db, "followers", star, *[await person(db, each, display_name=name) for each, name in names.items()])

    found = {query: handles(await find(api, "followers", star, query)) for query in ("100%", "under_", "back\\", "%")}

    assert found == {"100%": ["one"], "under_": ["two"], "back\\": ["three"], "%": []}
    assert handles(await find(api, "followers", star, "_")) == []
    for query in (None, "", "  ", "@"):
        assert len(handles(await find(api, "followers", star, query))) == 4


@HOW
@pytest.mark.usefixtures("read_as")
async def test_closed_accounts_are_not_found_by_names_nobody_sees(api: Client, db: Database, star: Viewer) -> None:
    gone, asking = await person(db, "ana", display_name="Ana"), await person(db, "anton")
    await connect(db, "followers", star, gone)
    await follow(db, asking, star, "PENDING")
    await set_status(db, gone.user_id, "SUSPENDED")

    assert handles(await find(api, "followers", star, "an")) == []


async def test_a_page_that_cost_enough_stays_short_and_leads_on(
    api: Client, db: Database, star: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "SHORT", 0)
    monkeypatch.setattr(starts, "AT_ONCE", 1)
    for number in range(20):
        await person(db, f"an{number:02}")
    await connect(db, "followers", star, await person(db, "anz"))

    pages, after = [], None
    for _ in range(5):
        shown = await find(api, "followers", star, "an", after=after)
        pages.append(handles(shown))
        after = shown["pageInfo"]["endCursor"]
        if not shown["pageInfo"]["hasNextPage"]:
            break

    assert pages[0] == []
    assert [each for page in pages for each in page] == ["anz"]
    assert not shown["pageInfo"]["hasNextPage"]


async def test_cursors_belong_to_what_was_looked_for(api: Client, db: Database, star: Viewer) -> None:
    await connect(db, "followers", star, *[await person(db, f"an{number}") for number in range(3)])
    cursor = (await find(api, "followers", star, "an", first=1))["pageInfo"]["endCursor"]

    for query in (None, "a", "an1"):
        variables = {"id": str(UserId(star.user_id)), "query": query, "after": cursor}
        assert await api.refusal(PAGE.replace("LIST", "followers"), **variables) == "BAD_USER_INPUT"


@LISTS
async def test_private_lists_are_searched_by_followers_alone(sign_in: SignIn, db: Database, *, name: str) -> None:
    eva, ben = await person(db, "eva", is_private=True), await person(db, "ben")
    await connect(db, name, eva, await person(db, "ana"))
    client = await sign_in(ben)

    assert handles(await find(client, name, eva, "an")) == []
    await follow(db, ben, eva)
    assert handles(await find(client, name, eva, "an")) == ["ana"]


async def test_a_text_too_long_and_too_many_lists_are_refused(api: Client, db: Database, star: Viewer) -> None:
    many = [str(UserId((await person(db, f"p{number}")).user_id)) for number in range(6)]
    document = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { followers(query: "a") { nodes { id } } } } }'
    variables = {"id": str(UserId(star.user_id)), "query": "a" * 51}

    assert await api.refusal(PAGE.replace("LIST", "followers"), **variables) == "BAD_USER_INPUT"
    assert await api.refusal(document, ids=many) == "BAD_USER_INPUT"
    assert len((await api.ask(document, ids=many[:5]))["nodes"]) == 5
