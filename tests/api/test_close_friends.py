"""Close friends: who is on the list, and what it opens to them."""

from typing import Any

import pytest

from core.db import Database
from core.ids import UserId, new_uuid
from core.settings import Settings, settings
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client, every_page, handles, id_of, mutation
from tests.factories.people import block, follow, person
from tests.factories.posts import post
from tests.factories.sessions import set_status
from tests.tables import content

UPDATE = mutation(
    "updateCloseFriends",
    """relationships { isCloseFriend user { handle } }
  errors { __typename code path ... on NotAllowedError { reason } ... on LimitReachedError { limit } }""",
)
LIST = """query ($first: Int, $after: String) { viewer { closeFriends(first: $first, after: $after) {
  nodes { handle } pageInfo { hasNextPage endCursor } } } }"""


async def update(client: Client, **people: Any) -> Any:
    given = {name: None if ids is None else [id_of(each) for each in ids] for name, ids in people.items()}
    return (await client.ask(UPDATE, input=given))["it"]


async def friends(client: Client, first: int = 50) -> list[str]:
    async def page(after: str | None) -> Any:
        return (await client.ask(LIST, first=first, after=after))["viewer"]["closeFriends"]

    return [handle for each in await every_page(page) for handle in handles(each)]


async def test_people_are_added_and_taken_off_and_repeats_change_nothing(client: Client, db: Database) -> None:
    ben, eva, fay = [await person(db, handle) for handle in ("ben", "eva", "fay")]

    for people, left in (
        ({"add": [fay, ben, eva, ben]}, ["ben", "eva", "fay"]),
        ({"add": [eva], "remove": [fay]}, ["ben", "eva"]),
        ({"add": None, "remove": [ben, eva]}, []),
    ):
        done = await update(client, **people)
        before = await content(db)
        again = await update(client, **people)

        assert done["errors"] == []
        assert {each["user"]["handle"] for each in done["relationships"] if each["isCloseFriend"]} <= set(left)
        assert again == done
        assert await content(db) == before
        assert await friends(client) == await friends(client, 1) == left
    assert before["stances"] == before["received_stances"] == frozenset()


async def test_nothing_to_do_is_fine(client: Client) -> None:
    lists: list[dict[str, Any]] = [{}, {"add": None, "remove": None}, {"add": [], "remove": []}]
    for people in lists:
        assert await update(client, **people) == {"relationships": [], "errors": []}


async def test_only_close_friends_see_what_is_for_them(
    client: Client, db: Database, ana: Viewer, sign_in: SignIn
) -> None:
    ben, eva = await person(db, "ben"), await person(db, "eva")
    for each in (ben, eva):
        await follow(db, each, ana)
    await follow(db, ana, ben)
    picture = await post(db, ana, audience="CLOSE_FRIENDS")
    read = """query ($id: ID!) { node(id: $id) { id } viewer { homeFeed { nodes { ... on Post { id } } } } }"""

    async def shown(who: Viewer) -> tuple[Any, Any]:
        found = await (await sign_in(who)).ask(read, id=str(picture))
        return found["node"], found["viewer"]["homeFeed"]["nodes"]

    assert [await shown(each) for each in (ben, eva)] == [(None, [])] * 2
    await update(client, add=[ben])
    opened = [(await shown(each))[0] for each in (ben, eva)]
    await update(client, remove=[ben])

    assert opened == [{"id": str(picture)}, None]
    assert await shown(ben) == (None, [])


async def test_one_who_cannot_be_added_stops_all(client: Client, db: Database, ana: Viewer) -> None:
    ben, blocker, blocked = [await person(db, handle) for handle in ("ben", "eva", "fay")]
    asleep, gone = await person(db, "gus"), await person(db, "hal", status="DELETED")
    await block(db, blocker, ana)
    await block(db, ana, blocked)
    await set_status(db, asleep.user_id, "DEACTIVATED")
    before = await content(db)

    for each in (blocker, gone, UserId(new_uuid()), "usr_x"):
        refused = await update(client, add=[ben, each])
        assert refused == {
            "relationships": None,
            "errors": [{"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["input", "add", "1"]}],
        }
    for each, reason in ((blocked, "BLOCKED_BY_VIEWER"), (asleep, "AUDIENCE")):
        refused = await update(client, add=[ben, each])
        assert [error["reason"] for error in refused["errors"]] == [reason]
    for people in ({"add": [ana]}, {"remove": [ana]}, {"add": [ben], "remove": [ben]}):
        assert [error["code"] for error in (await update(client, **people))["errors"]] == ["INVALID"]

    assert await content(db) == before


async def test_whoever_is_not_to_be_found_is_taken_off_without_a_word(client: Client, db: Database) -> None:
    ben, gone = await person(db, "ben"), await person(db, "gone", status="DELETED")
    await update(client, add=[ben])

    done = await update(client, remove=[ben, gone, UserId(new_uuid())])

    assert done == {"relationships": [{"isCloseFriend": False, "user": {"handle": "ben"}}], "errors": []}


async def test_the_list_has_its_bound(
    client: Client, db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APERTURE_CLOSE_FRIENDS_LIMIT", "2")
    settings.cache_clear()
    ben, eva, fay = [await person(db, handle) for handle in ("ben", "eva", "fay")]
    await update(client, add=[ben, eva])

    refused = await update(client, add=[fay])
    exchanged = await update(client, add=[fay], remove=[eva])

    assert [error["limit"] for error in refused["errors"]] == [2]
    assert exchanged["errors"] == []
    assert await friends(client) == ["ben", "fay"]
