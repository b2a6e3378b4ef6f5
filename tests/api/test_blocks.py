"""Blocking as clients do it, and what is left to see on both sides."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock
from core.db import Database
from core.ids import PostId, UserId, new_uuid
from core.settings import Settings, settings
from core.viewer import Viewer
from models.stances import ReceivedStance, Stance
from tests.api.conftest import SignIn
from tests.client import Client, call_on, every_page, handles, mutation
from tests.factories.people import block, follow, person, stance
from tests.factories.posts import comment, post
from tests.factories.sessions import set_status
from tests.tables import content, facts

ERRORS = "errors { __typename code path ... on LimitReachedError { limit } }"
AFTER = f"""user {{ handle viewerAccess followerCount }}
  relationship {{ followState followsViewer isBlocked isCloseFriend isRestricted mutes user {{ handle }} }} {ERRORS}"""
BLOCK = mutation("blockUser", AFTER)
UNBLOCK = mutation("unblockUser", AFTER)
FIND = "query ($id: ID!) { node(id: $id) { id } }"
LIST = """query ($first: Int, $after: String) { viewer { blockedUsers(first: $first, after: $after) {
  nodes { handle } edges { node { handle } cursor } pageInfo { hasNextPage endCursor } } } }"""
NOT_TO_BE_FOUND: Any = {"user": None, "relationship": None, "errors": []}


async def page(client: Client, **window: Any) -> Any:
    return (await client.ask(LIST, **window))["viewer"]["blockedUsers"]


async def test_a_block_ends_what_is_between_the_two_and_a_repeat_changes_nothing(
    client: Client, db: Database, ana: Viewer, ben: Viewer, sign_in: SignIn
) -> None:
    other = await sign_in(ben)
    for one, whom in ((client, ben), (other, ana)):
        document = mutation("followUser")
        await call_on(one, document, whom)
    for owner, friend in ((ana, ben), (ben, ana)):
        await stance(db, owner, friend, close_friend_since=clock.now(), restricted_at=clock.now())

    done = await call_on(client, BLOCK, ben)
    before = await content(db)
    again = await call_on(client, BLOCK, ben)

    assert done["errors"] == []
    assert done["user"] == {"handle": "ben", "viewerAccess": "BLOCKED_BY_VIEWER", "followerCount": 0}
    assert done["relationship"] == {
        "followState": "NOT_FOLLOWING",
        "followsViewer": False,
        "isBlocked": True,
        "isCloseFriend": False,
        "isRestricted": True,
        "mutes": [],
        "user": {"handle": "ben"},
    }
    assert again == done
    assert await content(db) == before
    counts = await client.ask("{ viewer { user { followerCount followingCount } } }")
    assert counts["viewer"]["user"] == {"followerCount": 0, "followingCount": 0}
    told = [await facts(db, each) for each in ("UserBlocked", "UserUnfollowed", "CloseFriendRemoved")]
    assert told == [1, 2, 2]


async def test_requests_end_both_ways(client: Client, db: Database, ana: Viewer, ben: Viewer) -> None:
    await follow(db, ana, ben, "PENDING")
    await follow(db, ben, ana, "PENDING")

    done = await call_on(client, BLOCK, ben)
    await call_on(client, UNBLOCK, ben)

    assert (done["relationship"]["followState"], done["user"]["followerCount"]) == ("NOT_FOLLOWING", 0)
    assert await facts(db, "FollowRequestEnded") == 2
    requests = "{ viewer { followRequests { totalCount } sentFollowRequests { totalCount } } }"
    found = (await client.ask(requests))["viewer"]
    assert [each["totalCount"] for each in found.values()] == [0, 0]


async def test_unblocking_restores_nothing_and_a_repeat_changes_nothing(
    client: Client, db: Database, ana: Viewer, ben: Viewer
) -> None:
    await follow(db, ana, ben)
    await call_on(client, BLOCK, ben)

    done = await call_on(client, UNBLOCK, ben)
    before = await content(db)
    again = await call_on(client, UNBLOCK, ben)

    assert (done["user"]["viewerAccess"], done["relationship"]["isBlocked"]) == ("FULL", False)
    assert done["relationship"]["followState"] == "NOT_FOLLOWING"
    assert again == done
    assert await content(db) == before
    assert (before["stances"], before["received_stances"]) == (frozenset(), frozenset())


async def test_neither_finds_the_other(client: Client, db: Database, ana: Viewer, ben: Viewer, sign_in: SignIn) -> None:
    hers, his = await post(db, ana), await post(db, ben)
    other, third = await sign_in(ben), await post(db, await person(db, "eva"))
    answers = [await comment(db, each, third, "Oh") for each in (ana, ben)]

    await call_on(client, BLOCK, ben)

    for who, hidden in ((client, [his, answers[1]]), (other, [UserId(ana.user_id), hers, answers[0]])):
        assert [(await who.ask(FIND, id=str(each)))["node"] for each in hidden] == [None] * len(hidden)
        shown = await who.ask(
            "query ($id: ID!) { node(id: $id) { ... on Post { comments { nodes { author { handle } } } } } }",
            id=str(third),
        )
        assert len(shown["node"]["comments"]["nodes"]) == 1


async def test_who_blocks_the_viewer_is_blocked_like_somebody_who_does_not_exist(
    client: Client, db: Database, ana: Viewer, ben: Viewer
) -> None:
    gone = await person(db, "gone", status="DELETED")
    await block(db, ben, ana)

    for document in (BLOCK, BLOCK, UNBLOCK, UNBLOCK, BLOCK):
        for each in (ben, gone, UserId(new_uuid())):
            assert await call_on(client, document, each) == NOT_TO_BE_FOUND
    listed = handles(await page(client))
    await stance(db, ben, ana)

    assert listed == []
    assert handles(await page(client)) == ["ben"]
    async with db.reading() as read:
        assert await read.scalar(select(func.count()).where(Stance.person_id == gone.user_id)) == 0


async def test_an_account_that_is_not_in_use_is_blocked_and_unblocked(
    client: Client, db: Database, ben: Viewer
) -> None:
    await set_status(db, ben.user_id, "DEACTIVATED")

    done = await call_on(client, BLOCK, ben)
    undone = await call_on(client, UNBLOCK, ben)

    assert (done["user"]["viewerAccess"], done["relationship"]["isBlocked"]) == ("UNAVAILABLE", True)
    assert (undone["user"]["viewerAccess"], undone["relationship"]["isBlocked"]) == ("UNAVAILABLE", False)


@pytest.mark.parametrize("document", [BLOCK, UNBLOCK], ids=["block", "unblock"])
async def test_garbage_is_not_found_and_nobody_blocks_themselves(
    client: Client, db: Database, ana: Viewer, document: str
) -> None:
    before = await content(db)

    for each in (PostId(ana.user_id, new_uuid()), "", "usr_x"):
        refused = await call_on(client, document, each)
        assert (refused["errors"][0]["code"], refused["user"]) == ("NOT_FOUND", None)
    refused = await call_on(client, document, ana)

    assert (refused["errors"][0]["code"], refused["errors"][0]["path"]) == ("INVALID", ["input", "userId"])
    assert await content(db) == before


async def test_the_last_blocked_stand_first_page_by_page(client: Client, db: Database) -> None:
    for number in range(5):
        await call_on(client, BLOCK, await person(db, f"p{number}"))

    pages = await every_page(partial(page, client, first=2))

    assert [handles(each) for each in pages] == [["p4", "p3"], ["p2", "p1"], ["p0"]]


async def test_a_list_has_its_bound(
    client: Client, db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APERTURE_BLOCKS_LIMIT", "1")
    settings.cache_clear()
    await call_on(client, BLOCK, await person(db, "eva"))
    before = await content(db)

    refused = await call_on(client, BLOCK, await person(db, "fay"))

    assert (refused["errors"][0]["code"], refused["errors"][0]["limit"]) == ("LIMIT_REACHED", 1)
    after = await content(db)
    assert (after["stances"], after["outbox"]) == (before["stances"], before["outbox"])


async def test_the_mirror_says_the_same(client: Client, db: Database, ana: Viewer, ben: Viewer) -> None:
    await call_on(client, BLOCK, ben)

    async with db.reading() as read:
        sides = [await read.first(select(each.blocked_at, each.owner_id)) for each in (Stance, ReceivedStance)]
    assert sides[0] == sides[1]
    assert sides[0] is not None
