"""Restricting and muting people: the viewer's own choices, which nobody else is told of."""

from typing import Any

import pytest

from core import clock
from core.db import Database
from core.ids import UserId, new_uuid
from core.settings import Settings, settings
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client, call_on, mutation
from tests.factories.people import block, person, stance
from tests.factories.sessions import set_status
from tests.tables import content

AFTER = """relationship { isRestricted mutes user { handle } }
  errors { code path ... on LimitReachedError { limit } }"""
RESTRICT = mutation("restrictUser", AFTER)
UNRESTRICT = mutation("unrestrictUser", AFTER)
MUTE = mutation("muteUser", AFTER)
LISTS = "{ viewer { restrictedUsers { nodes { handle } } mutedUsers { nodes { handle } } } }"
ALL = ["POSTS", "STORIES", "MESSAGES"]
EACH = pytest.mark.parametrize(
    ("document", "more"),
    [(RESTRICT, {}), (UNRESTRICT, {}), (MUTE, {"targets": ALL}), (MUTE, {"targets": []})],
    ids=["restrict", "unrestrict", "mute", "unmute"],
)


async def lists(client: Client) -> list[list[str]]:
    found = (await client.ask(LISTS))["viewer"]
    return [[each["handle"] for each in found[name]["nodes"]] for name in ("restrictedUsers", "mutedUsers")]


async def test_a_restriction_holds_until_it_is_lifted_and_repeats_change_nothing(
    client: Client, db: Database, ben: Viewer, sign_in: SignIn, ana: Viewer
) -> None:
    for document, is_restricted in ((RESTRICT, True), (UNRESTRICT, False)):
        done = await call_on(client, document, ben)
        before = await content(db)
        again = await call_on(client, document, ben)

        assert done["relationship"] == {"isRestricted": is_restricted, "mutes": [], "user": {"handle": "ben"}}
        assert again == done
        assert await content(db) == before
        assert await lists(client) == [["ben"] if is_restricted else [], []]
        seen = await (await sign_in(ben)).ask(
            "query ($id: ID!) { node(id: $id) { ... on User { viewerAccess relationship { isRestricted } } } }",
            id=str(UserId(ana.user_id)),
        )
        assert seen["node"] == {"viewerAccess": "FULL", "relationship": {"isRestricted": False}}
    assert (before["stances"], before["received_stances"]) == (frozenset(), frozenset())


async def test_mutes_are_what_was_said_last_and_repeats_change_nothing(
    client: Client, db: Database, ben: Viewer
) -> None:
    for targets in (["MESSAGES", "POSTS", "POSTS"], ["STORIES"], ALL, []):
        done = await call_on(client, MUTE, ben, targets=targets)
        before = await content(db)
        again = await call_on(client, MUTE, ben, targets=targets)

        assert done["relationship"]["mutes"] == [each for each in ALL if each in targets]
        assert again == done
        assert await content(db) == before
        assert await lists(client) == [[], ["ben"] if targets else []]
    assert before["stances"] == frozenset()


async def test_one_choice_leaves_the_others_alone(client: Client, db: Database, ben: Viewer, ana: Viewer) -> None:
    await stance(db, ana, ben, close_friend_since=clock.now(), muted_at=clock.now(), mutes=["POSTS"])

    await call_on(client, RESTRICT, ben)
    lifted = await call_on(client, UNRESTRICT, ben)

    assert lifted["relationship"]["mutes"] == ["POSTS"]
    friends = await client.ask("{ viewer { closeFriends { nodes { handle } } } }")
    assert friends["viewer"]["closeFriends"]["nodes"] == [{"handle": "ben"}]


@EACH
async def test_people_who_are_not_to_be_found_and_oneself_are_refused(
    client: Client, db: Database, ana: Viewer, ben: Viewer, document: str, more: dict[str, Any]
) -> None:
    await block(db, ben, ana)
    gone = await person(db, "gone", status="DELETED")
    before = await content(db)

    for each in (ben, gone, UserId(new_uuid()), "", "usr_x"):
        refused = await call_on(client, document, each, **more)
        assert (refused["relationship"], refused["errors"]) == (
            None,
            [{"code": "NOT_FOUND", "path": ["input", "userId"]}],
        )
    refused = await call_on(client, document, ana, **more)

    assert refused["errors"] == [{"code": "INVALID", "path": ["input", "userId"]}]
    assert await content(db) == before


@EACH
async def test_people_the_viewer_blocks_and_accounts_not_in_use_may_be_chosen_for(
    client: Client, db: Database, ana: Viewer, ben: Viewer, document: str, more: dict[str, Any]
) -> None:
    eva = await person(db, "eva")
    await set_status(db, eva.user_id, "DEACTIVATED")
    await block(db, ana, ben)

    for each in (ben, eva):
        assert (await call_on(client, document, each, **more))["errors"] == []


@pytest.mark.parametrize(
    ("name", "document", "more"),
    [("RESTRICTIONS", RESTRICT, {}), ("MUTES", MUTE, {"targets": ALL})],
    ids=["restrict", "mute"],
)
async def test_a_list_has_its_bound(
    client: Client,
    db: Database,
    ben: Viewer,
    config: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
    document: str,
    more: dict[str, Any],
) -> None:
    monkeypatch.setenv(f"APERTURE_{name}_LIMIT", "1")
    settings.cache_clear()
    await call_on(client, document, ben, **more)

    refused = await call_on(client, document, await person(db, "eva"), **more)
    again = await call_on(client, document, ben, **more)

    assert refused["errors"] == [{"code": "LIMIT_REACHED", "path": None, "limit": 1}]
    assert again["errors"] == []
