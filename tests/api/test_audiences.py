"""Posts for everybody, followers, close friends and nobody, as each of them finds and counts them."""

from typing import Any

import pytest

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.ids import UserId
from core.viewer import Viewer
from services import counters
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import block, follow, person, stance
from tests.factories.posts import post
from tests.factories.sessions import set_status

AUDIENCES = ("PUBLIC", "FOLLOWERS", "CLOSE_FRIENDS", "ONLY_ME")
SEEN = {
    "nobody": {"PUBLIC"},
    "stranger": {"PUBLIC"},
    "fan": {"PUBLIC", "FOLLOWERS"},
    "friend": {"PUBLIC", "CLOSE_FRIENDS"},
    "ana": set(AUDIENCES),
}
PROFILE = """query ($id: ID!) { user(by: {id: $id}) { viewerAccess postCount posts(first: 9) { nodes {
  id audience } } } }"""
UPDATE = """mutation ($input: UpdatePostInput!) { updatePost(input: $input) {
  post { audience } errors { code path } } }"""
DELETE = """mutation ($input: DeletePostInput!) { deletePost(input: $input) {
  viewer { user { postCount } } errors { code } } }"""


@pytest.fixture
async def clients(db: Database, api: Client, sign_in: SignIn, ana: Viewer) -> dict[str, Client]:
    """One client for each way to stand to Ana; the friend does not follow her."""
    people = {name: await person(db, name) for name in ("stranger", "fan", "friend")}
    await follow(db, people["fan"], ana)
    await stance(db, ana, people["friend"], close_friend_since=clock.now())
    return {"nobody": api, "ana": await sign_in(ana)} | {name: await sign_in(each) for name, each in people.items()}


async def counted_post(db: Database, author: Viewer, audience: str) -> str:
    """A published post, counted."""
    made = await post(db, author, audience=audience)

    async def work(tx: Write) -> None:
        counters.add(tx, author.user_id, author.user_id, **{f"posts_{audience.lower()}": 1})

    await db.write(work)
    return str(made)


async def profile(client: Client, author: Viewer) -> Any:
    return (await client.ask(PROFILE, id=str(UserId(author.user_id))))["user"]


async def counts(clients: dict[str, Client], ana: Viewer) -> dict[str, int]:
    return {name: (await profile(client, ana))["postCount"] for name, client in clients.items()}


async def test_everybody_finds_and_counts_the_posts_that_are_for_them(
    clients: dict[str, Client], db: Database, ana: Viewer
) -> None:
    for audience in AUDIENCES:
        await counted_post(db, ana, audience)

    for name, client in clients.items():
        seen = await profile(client, ana)
        assert {each["audience"] for each in seen["posts"]["nodes"]} == SEEN[name], name
        assert seen["postCount"] == len(SEEN[name]), name


async def test_counts_move_with_the_audience_and_go_with_the_post(
    clients: dict[str, Client], backends: Backends, ana: Viewer
) -> None:
    made = await counted_post(backends.db, ana, "PUBLIC")

    for audience in ("ONLY_ME", "ONLY_ME", "CLOSE_FRIENDS", "FOLLOWERS", "PUBLIC", "CLOSE_FRIENDS"):
        changed = await clients["ana"].ask(UPDATE, input={"postId": made, "audience": audience})
        assert changed["updatePost"] == {"post": {"audience": audience}, "errors": []}
        assert await counts(clients, ana) == {name: int(audience in SEEN[name]) for name in clients}
        await backends.db.write(counters.fold)

    gone = await clients["ana"].ask(DELETE, input={"postId": made})
    assert gone["deletePost"] == {"viewer": {"user": {"postCount": 0}}, "errors": []}
    assert set((await counts(clients, ana)).values()) == {0}


async def test_a_post_that_is_hidden_by_its_audience_cannot_be_changed(
    clients: dict[str, Client], db: Database, ana: Viewer
) -> None:
    made = await counted_post(db, ana, "ONLY_ME")

    for name in ("stranger", "fan", "friend"):
        refused = await clients[name].ask(UPDATE, input={"postId": made, "audience": "PUBLIC"})
        assert refused["updatePost"]["errors"] == [{"code": "NOT_FOUND", "path": ["input", "postId"]}]
    assert await counts(clients, ana) == {name: int(name == "ana") for name in clients}


async def test_a_head_alone_counts_what_is_public(clients: dict[str, Client], db: Database, sign_in: SignIn) -> None:
    eva, friend = await person(db, "eva", is_private=True), await person(db, "bea")
    await stance(db, eva, friend, close_friend_since=clock.now())
    blocker = await person(db, "ada")
    await block(db, blocker, eva)
    for audience in AUDIENCES:
        await counted_post(db, eva, audience)

    seen = [await profile(each, eva) for each in (clients["stranger"], await sign_in(friend), await sign_in(blocker))]

    assert [each["viewerAccess"] for each in seen] == ["PRIVATE", "PRIVATE", "BLOCKED_BY_VIEWER"]
    assert [(each["postCount"], each["posts"]["nodes"]) for each in seen] == [(1, [])] * 3


async def test_an_account_that_is_not_in_use_counts_nothing(
    clients: dict[str, Client], db: Database, ana: Viewer
) -> None:
    await counted_post(db, ana, "PUBLIC")
    await set_status(db, ana.user_id, "DEACTIVATED")

    assert (await profile(clients["fan"], ana))["postCount"] == 0
