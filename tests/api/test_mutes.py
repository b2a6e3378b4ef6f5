"""Muted posts are not met in the home feed, and found everywhere else."""

from typing import Any

import pytest

from core.backends import Backends
from core.db import Database
from core.ids import PostId, UserId
from core.settings import Settings
from core.viewer import Viewer
from services.feed import reading, timelines
from tests.client import Client, every_page, mutation, serving
from tests.factories import feed
from tests.factories.people import person, stance
from tests.factories.posts import comment
from tests.factories.sessions import enter

MUTE = mutation("muteUser")
FEED = """query ($first: Int, $after: String) { viewer { homeFeed(first: $first, after: $after) {
  nodes { ... on Post { id } } edges { cursor } pageInfo { hasNextPage endCursor } } } }"""
HINT = "query ($since: String!) { viewer { homeFeedHint(since: $since) { newPostCount authors { handle } } } }"
LOOK = """query ($post: ID!, $user: ID!) {
  post: node(id: $post) { id ... on Post { author { id } } }
  other: node(id: $user) { ... on User { posts { nodes { id } } } } }"""


async def mute(client: Client, who: Viewer, *targets: str) -> None:
    done = await client.ask(MUTE, input={"userId": str(UserId(who.user_id)), "targets": list(targets)})
    assert done["it"]["errors"] == []


async def whole_feed(client: Client, first: int) -> tuple[list[str], list[int]]:
    """All that stands in the feed, and how long each page was."""

    async def page(after: str | None) -> Any:
        return (await client.ask(FEED, first=first, after=after))["viewer"]["homeFeed"]

    pages = [each["nodes"] for each in await every_page(page)]
    return [each["id"] for nodes in pages for each in nodes], [len(nodes) for nodes in pages]


def texts(posts: list[PostId]) -> list[str]:
    return [str(each) for each in posts]


@pytest.mark.parametrize("has_redis", [True, False])
async def test_posts_of_the_muted_leave_the_feed_at_once_and_pages_still_fill(
    config: Settings, backends: Backends, ana: Viewer, *, has_redis: bool
) -> None:
    db, token = backends.db, (await enter(backends, ana.user_id)).access_token
    loud, quiet = await person(db, "loud"), await person(db, "quiet")
    await feed.follow(db, ana, loud, quiet)
    noise = await feed.posts(db, loud, range(0, 60, 2))
    words = await feed.posts(db, quiet, range(1, 60, 6))
    changes = {} if has_redis else {"redis_url": "unix:///nowhere/valkey.sock"}

    async with serving(config.model_copy(update=changes)) as signed_out:
        client = signed_out.signed_in(token)
        before, _ = await whole_feed(client, 20)
        await mute(client, loud, "POSTS")
        muted, sizes = await whole_feed(client, 5)
        await mute(client, loud)
        after, _ = await whole_feed(client, 20)

    assert set(before) == set(texts([*noise, *words]))
    assert muted == texts(list(reversed(words)))
    assert sizes[:2] == [5, 5]
    assert after == before


async def test_other_mutes_leave_posts_alone(client: Client, db: Database, ana: Viewer) -> None:
    ben = await person(db, "ben")
    await feed.follow(db, ana, ben)
    picture = await feed.post(db, ben)

    await mute(client, ben, "STORIES", "MESSAGES")

    assert (await whole_feed(client, 5))[0] == texts([picture])


async def test_the_hint_does_not_speak_of_the_muted(client: Client, backends: Backends, ana: Viewer) -> None:
    db = backends.db
    loud, quiet = await person(db, "loud"), await person(db, "quiet")
    await feed.follow(db, ana, loud, quiet)
    await feed.post(db, quiet)
    since = (await client.ask(FEED, first=5))["viewer"]["homeFeed"]["edges"][0]["cursor"]
    await feed.post(db, quiet, 1)
    await feed.posts(db, loud, range(2, 62))
    await stance(db, ana, loud, muted_at=feed.START, mutes=["POSTS"])
    number = await reading.epochs(db, backends.cache).current()
    await timelines.drop(backends.cache, number, ana.user_id)

    found = (await client.ask(HINT, since=since))["viewer"]["homeFeedHint"]

    assert found == {"newPostCount": 1, "authors": [{"handle": "quiet"}]}


async def test_who_looks_finds_the_muted_all_the_same(client: Client, db: Database, ana: Viewer) -> None:
    ben = await person(db, "ben")
    picture = await feed.post(db, ben)
    answer = await comment(db, ben, picture)

    await mute(client, ben, "POSTS", "STORIES", "MESSAGES")

    found = await client.ask(LOOK, post=str(picture), user=str(UserId(ben.user_id)))
    assert found["post"]["id"] == found["other"]["posts"]["nodes"][0]["id"] == str(picture)
    assert (await client.ask("query ($id: ID!) { comment(id: $id) { id } }", id=str(answer)))["comment"]
