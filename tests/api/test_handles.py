"""Another handle: the profile moves, what led to it goes on leading to it for a month."""

from datetime import timedelta
from typing import Any

from core import clock
from core.db import Database
from core.settings import settings
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import person
from tests.factories.posts import post

CHANGE = """mutation ($handle: String!) { it: changeHandle(input: {handle: $handle}) {
  user { handle url } errors { code path message ... on ConflictError { suggestions } }
} }"""
FIND = """query ($handle: String!, $url: URL!) {
  user(by: {handle: $handle}) { handle } resource(url: $url) { ... on User { handle } }
}"""
WRITE = """mutation ($id: ID!) { it: updatePost(input: {postId: $id, caption: "With @ana"}) { post { ...C } } }
fragment C on Post { caption { text segments { ... on MentionSegment { text user { handle } } } } }"""
READ = """query ($id: ID!) { node(id: $id) { ... on Post {
  caption { segments { ... on MentionSegment { text user { handle } } } }
} } }"""


async def change(client: Client, handle: str) -> Any:
    return (await client.ask(CHANGE, handle=handle))["it"]


async def found(client: Client, handle: str) -> tuple[Any, Any]:
    answer = await client.ask(FIND, handle=handle, url=f"{settings().public_url}/{handle}")
    return answer["user"], answer["resource"]


async def test_the_old_handle_leads_to_the_profile_for_thirty_days(api: Client, client: Client) -> None:
    changed = await change(client, "Ana.Lima")

    assert changed == {"user": {"handle": "Ana.Lima", "url": f"{settings().public_url}/Ana.Lima"}, "errors": []}
    assert await found(api, "ana") == ({"handle": "Ana.Lima"}, {"handle": "Ana.Lima"})
    assert await found(api, "ana.lima") == ({"handle": "Ana.Lima"}, {"handle": "Ana.Lima"})
    with clock.frozen(clock.now() + timedelta(days=30, seconds=1)):
        assert await found(api, "ana") == (None, None)
        assert await found(api, "ana.lima") == ({"handle": "Ana.Lima"}, {"handle": "Ana.Lima"})


async def test_a_handle_that_was_left_is_kept_for_its_person(
    client: Client, db: Database, sign_in: SignIn, api: Client
) -> None:
    await change(client, "lima")
    eva = await sign_in(await person(db, "eva"))
    ask = '{ handleAvailability(handle: "ANA") { isAvailable } }'

    refused = await change(eva, "ana")
    free = [(await each.ask(ask))["handleAvailability"]["isAvailable"] for each in (api, eva, client)]
    taken_back = await change(client, "ana")

    [error] = refused["errors"]
    assert (error["code"], error["path"], len(error["suggestions"])) == ("TAKEN", ["input", "handle"], 3)
    assert free == [False, False, True]
    assert taken_back["user"]["handle"] == "ana"
    assert (await found(api, "lima"))[0] == {"handle": "ana"}


async def test_who_takes_a_handle_after_a_month_is_found_by_it(
    client: Client, db: Database, sign_in: SignIn, api: Client
) -> None:
    await change(client, "lima")
    eva = await person(db, "eva")

    with clock.frozen(clock.now() + timedelta(days=30, seconds=1)):
        taken = await change(await sign_in(eva), "ana")
        refused = await change(await sign_in(await person(db, "cleo")), "ana")
        leads_to = (await found(api, "ana"))[0]

    assert (taken["user"]["handle"], taken["errors"]) == ("ana", [])
    assert [each["code"] for each in refused["errors"]] == ["TAKEN"]
    assert leads_to == {"handle": "ana"}


async def test_mentions_go_on_meaning_the_person(db: Database, sign_in: SignIn, client: Client) -> None:
    eva = await person(db, "eva")
    picture, eva_client = await post(db, eva), await sign_in(eva)
    await eva_client.ask(WRITE, id=str(picture))
    await change(client, "lima")

    with clock.frozen(clock.now() + timedelta(days=30, seconds=1)):
        await change(await sign_in(await person(db, "cleo")), "ana")
        seen = await (await sign_in(eva)).ask(READ, id=str(picture))

    assert {"text": "@ana", "user": {"handle": "lima"}} in seen["node"]["caption"]["segments"]


async def test_the_case_of_a_handle_is_its_owners(client: Client, api: Client) -> None:
    changed = await change(client, "ANA")

    assert (changed["user"]["handle"], changed["errors"]) == ("ANA", [])
    assert (await found(api, "ana"))[0] == {"handle": "ANA"}


async def test_the_same_handle_again_changes_nothing(client: Client) -> None:
    assert (await change(client, "ana"))["errors"] == []
