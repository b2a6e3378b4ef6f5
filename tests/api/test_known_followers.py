"""Followers of a person whom the viewer follows."""

from typing import Any

import pytest

from core import clock
from core.db import Database
from core.ids import UserId
from core.statements import counted
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import follow, person, stance

PAGE = """query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on User {
  followersYouKnow(first: $first, after: $after) { nodes { handle } pageInfo { hasNextPage endCursor } }
  relationship { followersYouKnowCount }
} } }"""
MANY = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User {
  followersYouKnow(first: 3) { nodes { handle } } relationship { followersYouKnowCount } } } }"""


@pytest.fixture
async def client(sign_in: SignIn, ben: Viewer) -> Client:
    """Ben's client."""
    return await sign_in(ben)


async def page(client: Client, who: Viewer, **window: Any) -> Any:
    return (await client.ask(PAGE, id=str(UserId(who.user_id)), **window))["node"]


def handles(shown: Any) -> list[str]:
    return [node["handle"] for node in shown["followersYouKnow"]["nodes"]]


async def known(db: Database, ben: Viewer, star: Viewer, count: int) -> list[Viewer]:
    """People whom Ben follows, and who follow the star."""
    people = [await person(db, f"{star.user_id.hex[-4:]}{number}") for number in range(count)]
    for each in people:
        await follow(db, ben, each)
        await follow(db, each, star)
    return people


async def test_close_friends_stand_first_then_who_follows_back_then_the_last_followed(
    client: Client, db: Database, ben: Viewer
) -> None:
    star, names = await person(db, "star"), ["old", "back", "friend", "new", "waits", "other"]
    people = {name: await person(db, name) for name in names}
    for name, each in people.items():
        await follow(db, ben, each, "PENDING" if name == "waits" else "ACTIVE")
        if name != "other":
            await follow(db, each, star)
    await follow(db, await person(db, "stranger"), star)
    await follow(db, people["back"], ben)
    await stance(db, ben, people["friend"], close_friend_since=clock.now())

    whole = await page(client, star, first=50)
    first = await page(client, star, first=2)
    rest = await page(client, star, after=first["followersYouKnow"]["pageInfo"]["endCursor"])

    assert handles(whole) == handles(first) + handles(rest) == ["friend", "back", "new", "old"]
    assert whole["relationship"]["followersYouKnowCount"] == 4
    assert [each["followersYouKnow"]["pageInfo"]["hasNextPage"] for each in (first, rest)] == [True, False]


async def test_three_are_shown_unless_more_are_asked_for(client: Client, db: Database, ben: Viewer) -> None:
    star = await person(db, "star")
    await known(db, ben, star, 4)

    assert len(handles(await page(client, star))) == 3


@pytest.mark.parametrize("facts", [{"is_private": True}, {"status": "SUSPENDED"}])
async def test_closed_profiles_show_nobody(
    api: Client, client: Client, db: Database, ben: Viewer, facts: dict[str, Any]
) -> None:
    star, shown = await person(db, "star", **facts), await person(db, "shown")
    for each in (star, shown):
        await known(db, ben, each, 2)

    closed, signed_out = await page(client, star), await page(api, shown)

    assert (handles(closed), closed["relationship"]["followersYouKnowCount"]) == ([], 0)
    assert (handles(signed_out), signed_out["relationship"]) == ([], None)
    if "is_private" in facts:
        await follow(db, ben, star)
        assert len(handles(await page(client, star))) == 2


async def test_on_ones_own_profile_it_is_who_follows_back(client: Client, db: Database, ben: Viewer) -> None:
    await known(db, ben, ben, 2)

    assert len(handles(await page(client, ben))) == 2


async def test_cursors_of_other_people_and_viewers_are_refused(
    client: Client, sign_in: SignIn, db: Database, ben: Viewer
) -> None:
    star, other = await person(db, "star"), await person(db, "other")
    await known(db, ben, star, 2)
    cursor = (await page(client, star, first=1))["followersYouKnow"]["pageInfo"]["endCursor"]

    refused = [(client, other), (await sign_in(other), star)]
    for viewer, who in refused:
        assert await viewer.refusal(PAGE, id=str(UserId(who.user_id)), after=cursor) == "BAD_USER_INPUT"


async def test_many_people_cost_what_one_does(client: Client, db: Database, ben: Viewer) -> None:
    stars = [await person(db, f"star{number}") for number in range(20)]
    for star in stars:
        await known(db, ben, star, 1)
    ids = [str(UserId(star.user_id)) for star in stars]
    costs = []
    for asked in (ids[:1], [*ids, ids[0]]):
        await client.ask(MANY, ids=asked)
        with counted() as statements:
            found = (await client.ask(MANY, ids=asked))["nodes"]
        costs.append(len(statements))

    assert [len(each["followersYouKnow"]["nodes"]) for each in found] == [1] * 21
    assert [each["relationship"]["followersYouKnowCount"] for each in found] == [1] * 21
    assert costs[0] == costs[1]
