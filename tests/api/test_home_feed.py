"""The home feed as clients read it: full pages of what the viewer may see, in few statements."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import PostId, UserId
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from services.feed import reading, timelines
from tests.client import Client, every_page, serving
from tests.factories import feed as make
from tests.factories.people import person
from tests.factories.posts import comment
from tests.factories.sessions import account, enter

IDS = """query ($first: Int, $after: String, $mode: FeedMode) {
  viewer { homeFeed(first: $first, after: $after, mode: $mode) {
    nodes { ... on Post { id } } edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } mode isDegraded generatedAt
  } }
}"""
SCREEN = """query ($after: String) {
  viewer { homeFeed(first: 20, after: $after, mode: CHRONOLOGICAL) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { __typename ... on Post {
      id caption { text } createdAt likeCount commentCount viewerHasLiked
      author { id handle displayName isVerified avatar { url } relationship { followState } }
      media { ... on Image { id width height url } }
      commentPreview { id body { text } author { handle } }
    } } }
  } }
}"""
HINT = """query ($since: String!) {
  viewer { homeFeedHint(since: $since) { newPostCount shouldReload authors { id } } }
}"""


@pytest.fixture
async def ana(backends: Backends) -> Viewer:
    return Viewer(id=await account(backends.db))


@pytest.fixture
async def client(api: Client, backends: Backends, ana: Viewer) -> Client:
    """Ana's client."""
    return api.signed_in((await enter(backends, ana.user_id)).access_token)


async def page(client: Client, first: int | None = 50, after: str | None = None, **variables: Any) -> Any:
    asked = {"first": first, "after": after, **variables}
    return (await client.ask(IDS, **asked))["viewer"]["homeFeed"]


def ids(feed: Any) -> list[str]:
    return [node["id"] for node in feed["nodes"]]


def texts(posts: list[PostId]) -> list[str]:
    return [str(post) for post in posts]


async def push(backends: Backends, reader: Viewer, post: PostId) -> None:
    number = await reading.epochs(backends.db, backends.cache).current(fresh=True)
    await timelines.push(backends.cache, number, [reader.user_id], post)


async def test_pages_follow_each_other_to_the_end(client: Client, db: Database, ana: Viewer) -> None:
    ben = await person(db, "ben")
    await make.follow(db, ana, ben)
    posts = await make.posts(db, ben, range(25))

    feeds = await every_page(partial(page, client, 10))

    assert [each for feed in feeds for each in ids(feed)] == texts(posts[::-1])
    assert [len(feed["nodes"]) for feed in feeds] == [10, 10, 5]
    assert [feed["pageInfo"]["hasPreviousPage"] for feed in feeds] == [False, True, True]
    assert len({feed["generatedAt"] for feed in feeds}) == 1


async def test_without_ranking_the_default_says_so(client: Client) -> None:
    ranked, latest = await page(client), await page(client, mode="CHRONOLOGICAL")

    assert (ranked["mode"], ranked["isDegraded"]) == ("CHRONOLOGICAL", True)
    assert (latest["mode"], latest["isDegraded"]) == ("CHRONOLOGICAL", False)
    assert ranked["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


@pytest.mark.parametrize("is_warm", [True, False])
async def test_hidden_posts_are_left_out_and_made_up_for(
    client: Client, db: Database, ana: Viewer, *, is_warm: bool
) -> None:
    ben, cleo = await person(db, "ben"), await person(db, "cleo")
    await make.follow(db, ana, ben, cleo)
    posts = await make.posts(db, ben, range(12))
    theirs = await make.posts(db, cleo, range(20, 26))
    if is_warm:
        await page(client)

    await make.change(db, posts[11], deleted_at=make.START)
    await make.change(db, posts[9], status="PROCESSING")
    await make.unfollow(db, ana, cleo)
    feed = await page(client, 5)

    assert ids(feed) == texts([posts[10], *posts[8:4:-1]])
    assert not set(ids(await page(client))) & set(texts(theirs))


async def test_posts_of_a_private_person_show_to_followers_alone(client: Client, db: Database, ana: Viewer) -> None:
    ben, cleo = await person(db, "ben", is_private=True), await person(db, "cleo", status="SUSPENDED")
    await make.follow(db, ana, ben, cleo)
    post = await make.post(db, ben, audience="FOLLOWERS")
    await make.post(db, cleo)

    assert ids(await page(client)) == [str(post)]


async def test_a_screen_costs_two_statements(client: Client, db: Database, ana: Viewer) -> None:
    authors = [await person(db, f"author{n}") for n in range(8)]
    await make.follow(db, ana, *authors)
    for n, author in enumerate(authors):
        for post in await make.posts(db, author, range(n * 10, n * 10 + 5), caption="Good light"):
            for writer in (ana, authors[n - 1], author):
                await comment(db, writer, post)
    await client.ask(SCREEN)

    with counted() as statements:
        feed = (await client.ask(SCREEN))["viewer"]["homeFeed"]

    assert len(feed["edges"]) == 20
    assert all(len(edge["node"]["commentPreview"]) == 2 for edge in feed["edges"])
    assert len(statements) <= 2, statements.statements


async def test_a_screen_takes_two_round_trips_to_redis(config: Settings, client: Client, backends: Backends) -> None:
    async def packets() -> int:
        found = await backends.cache.run(lambda redis: redis.info("stats"))
        return int(found["total_reads_processed"])

    trips = []
    async with serving(config.model_copy(update={"rate_limit_factor": 1})) as other:
        own = other.signed_in(str(client.token))
        await own.ask(SCREEN)
        for _ in range(5):
            before = await packets()
            await own.ask(SCREEN)
            # To ask for the number is one more, and now and then the process asks whether Redis is the same.
            trips.append(await packets() - before - 1)

    assert min(trips) == 2, trips


async def test_looks_beyond_the_quota_are_refused_in_their_place(config: Settings, client: Client, ana: Viewer) -> None:
    # Three looks: a fifth of the limit, and half of that for an account which is new.
    async with serving(config.model_copy(update={"rate_limit_factor": 0.2})) as other:
        own = other.signed_in(str(client.token))
        for _ in range(3):
            await own.ask(IDS, first=1)
        answer = (await own.send("{ viewer { id homeFeed(first: 1) { mode } } }")).json()

    assert [each["extensions"]["code"] for each in answer["errors"]] == ["RATE_LIMITED"]
    assert answer["errors"][0]["path"] == ["viewer", "homeFeed"]
    assert answer["data"]["viewer"] == {"id": answer["data"]["viewer"]["id"], "homeFeed": None}


async def test_a_look_that_is_skipped_counts_nothing(config: Settings, client: Client) -> None:
    document = "query ($is: Boolean!) { viewer { homeFeed(first: 1) @include(if: $is) { mode } } }"
    async with serving(config.model_copy(update={"rate_limit_factor": 0.05})) as other:
        own = other.signed_in(str(client.token))
        for _ in range(5):
            await own.ask(
                "query ($is: Boolean!) { viewer { id homeFeed(first: 1) @include(if: $is) { mode } } }", **{"is": False}
            )

        assert (await own.ask(document, **{"is": True}))["viewer"]["homeFeed"]


async def test_without_redis_the_same_screen_comes_from_postgresql(
    config: Settings, client: Client, db: Database, ana: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await person(db, "ben")
    await make.follow(db, ana, ben)
    await make.posts(db, ben, range(30))
    expected = await client.ask(SCREEN)
    without = config.model_copy(update={"redis_url": "unix:///nowhere/valkey.sock"})

    async with serving(without) as other:
        screen = await other.signed_in(str(client.token)).ask(SCREEN)

    assert places(screen) == places(expected)


def places(screen: Any) -> list[str]:
    return [edge["node"]["id"] for edge in screen["viewer"]["homeFeed"]["edges"]]


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGEgY3Vyc29y", "\U0001f642"])
async def test_garbage_is_no_cursor(client: Client, cursor: str) -> None:
    assert await client.refusal(IDS, first=1, after=cursor) == "BAD_USER_INPUT"
    assert await client.refusal(HINT, since=cursor) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_person_is_refused(
    client: Client, db: Database, backends: Backends, ana: Viewer
) -> None:
    ben = await person(db, "ben")
    await make.follow(db, ana, ben)
    await make.post(db, ben)
    cursor = (await page(client))["edges"][0]["cursor"]
    other = client.signed_in((await enter(backends, ben.user_id)).access_token)

    assert await other.refusal(IDS, first=1, after=cursor) == "BAD_USER_INPUT"
    assert await other.refusal(HINT, since=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [0, -1, 51])
async def test_page_sizes_outside_the_contract_are_refused(client: Client, first: int) -> None:
    assert await client.refusal(IDS, first=first) == "BAD_USER_INPUT"


async def test_the_hint_tells_of_new_posts_and_their_authors(
    client: Client, db: Database, backends: Backends, ana: Viewer
) -> None:
    people = [await person(db, f"author{n}") for n in range(5)]
    await make.follow(db, ana, *people)
    await make.post(db, people[0])
    since = (await page(client))["pageInfo"]["startCursor"]
    assert (await client.ask(HINT, since=since))["viewer"]["homeFeedHint"] == {
        "newPostCount": 0,
        "shouldReload": False,
        "authors": [],
    }

    for minute, author in enumerate(people, start=1):
        await push(backends, ana, await make.post(db, author, minute))
    await push(backends, ana, await make.post(db, people[0], 9, deleted_at=make.START))
    hint = (await client.ask(HINT, since=since))["viewer"]["homeFeedHint"]

    assert hint["newPostCount"] == 5
    assert [each["id"] for each in hint["authors"]] == [str(UserId(author.user_id)) for author in people[:1:-1]]
    assert hint["shouldReload"] is False


async def test_a_new_follow_makes_a_look_outdated(client: Client, db: Database, ana: Viewer) -> None:
    ben, cleo = await person(db, "ben"), await person(db, "cleo")
    await make.follow(db, ana, ben)
    await make.post(db, ben)
    since = (await page(client))["pageInfo"]["startCursor"]

    await make.follow(db, ana, cleo, at=clock.now() + timedelta(seconds=1))

    assert (await client.ask(HINT, since=since))["viewer"]["homeFeedHint"]["shouldReload"] is True


async def test_signed_out_there_is_no_feed(api: Client) -> None:
    answer = (await api.send(IDS)).json()

    assert answer["data"] == {"viewer": None}
