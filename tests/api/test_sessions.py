"""The sessions of an account, shown and ended by its owner."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.db import Database
from core.ids import SessionId, new_uuid
from core.settings import Settings, settings
from tests.client import Client, every_page, serving
from tests.factories.locations import location_database
from tests.factories.sessions import PASSWORD, account, later

SESSIONS = """query ($first: Int, $after: String) { viewer { account { sessions(first: $first, after: $after) {
    nodes { id deviceName platform approximateLocation ipAddress isCurrent }
    edges { cursor node { id } }
    pageInfo { hasNextPage endCursor }
} } } }"""
LOG_IN = """mutation ($input: LogInInput!) {
    it: logIn(input: $input) { session { id } tokens { accessToken } errors { message } }
}"""
REVOKE = """mutation ($input: RevokeSessionsInput!) {
    it: revokeSessions(input: $input) { revokedSessionIds errors { message } query { viewer { session { id } } } }
}"""
WHO = "{ viewer { session { id } } }"


@pytest.fixture
async def ana(db: Database) -> str:
    await account(db)
    return "ana.lima"


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Client]:
    async with serving(config) as client:
        yield client


async def logged_in(api: Client, handle: str, device: str = "A phone") -> tuple[Client, str]:
    """A client of a new session, and the session's id."""
    about = {"identifier": handle, "password": PASSWORD, "device": {"name": device, "platform": "ANDROID"}}
    done = (await api.ask(LOG_IN, input=about))["it"]
    return api.signed_in(done["tokens"]["accessToken"]), done["session"]["id"]


async def listed(client: Client, **page: Any) -> Any:
    return (await client.ask(SESSIONS, **page))["viewer"]["account"]["sessions"]


async def revoked(client: Client, **input: Any) -> list[str]:
    done = (await client.ask(REVOKE, input=input))["it"]
    assert done["errors"] == []
    found: list[str] = done["revokedSessionIds"]
    return found


async def test_sessions_are_listed_with_the_most_recently_active_first(api: Client, ana: str) -> None:
    with later(seconds=-30):
        phone, phone_id = await logged_in(api, ana, "Ana's phone")
    _, tablet_id = await logged_in(api, ana, "Ana's tablet")

    found = (await listed(phone))["nodes"]

    assert [(each["id"], each["deviceName"], each["isCurrent"]) for each in found] == [
        (tablet_id, "Ana's tablet", False),
        (phone_id, "Ana's phone", True),
    ]
    assert {each["ipAddress"] for each in found} == {"192.0.2.7"}
    assert {each["approximateLocation"] for each in found} == {None}


async def test_pages_hold_every_session_once(api: Client, ana: str) -> None:
    made = []
    for minutes in range(-4, 1):
        with later(minutes=minutes):
            client, session_id = await logged_in(api, ana)
            made.append(session_id)

    pages = await every_page(partial(listed, client, first=2))

    assert [node["id"] for page in pages for node in page["nodes"]] == made[::-1]
    assert [edge["node"]["id"] for page in pages for edge in page["edges"]] == made[::-1]


async def test_ended_and_expired_sessions_and_those_of_others_are_not_listed(
    api: Client, ana: str, db: Database
) -> None:
    await account(db, "ben", "ben@example.com")
    await logged_in(api, "ben")
    with later(days=-31):
        await logged_in(api, ana)
    _, ended = await logged_in(api, ana)
    here, here_id = await logged_in(api, ana)
    await revoked(here, sessionIds=[ended])

    assert [node["id"] for node in (await listed(here))["nodes"]] == [here_id]


async def test_a_session_shows_where_it_began(
    config: Settings, ana: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APERTURE_LOCATION_DATABASE", str(location_database(tmp_path)))
    settings.cache_clear()

    async with serving(settings()) as api:
        client, _ = await logged_in(api, ana)
        (found,) = (await listed(client))["nodes"]

    assert found["approximateLocation"] == "Lisbon, Portugal"


async def test_without_ids_all_others_end_at_once(api: Client, ana: str) -> None:
    here, here_id = await logged_in(api, ana)
    others = [await logged_in(api, ana) for _ in range(3)]
    for client, _ in others:
        await client.ask(WHO)

    ended = await revoked(here)

    assert set(ended) == {session_id for _, session_id in others}
    for client, _ in others:
        assert await client.refusal(WHO) == "UNAUTHENTICATED"
    assert (await here.ask(WHO))["viewer"]["session"]["id"] == here_id
    assert await revoked(here) == []


async def test_a_chosen_session_ends_alone(api: Client, ana: str) -> None:
    here, _ = await logged_in(api, ana)
    lost, lost_id = await logged_in(api, ana)
    kept, _ = await logged_in(api, ana)

    assert await revoked(here, sessionIds=[lost_id]) == [lost_id]

    assert await lost.refusal(WHO) == "UNAUTHENTICATED"
    assert (await kept.ask(WHO))["viewer"]
    assert await revoked(here, sessionIds=[lost_id]) == []


async def test_what_is_no_other_session_of_the_account_is_passed_over(api: Client, ana: str, db: Database) -> None:
    ben = await account(db, "ben", "ben@example.com")
    bens, bens_id = await logged_in(api, "ben")
    here, here_id = await logged_in(api, ana)
    as_if = SessionId(SessionId.parse(here_id).user_id, SessionId.parse(bens_id).id)
    unknown = SessionId(ben, new_uuid())

    assert await revoked(here, sessionIds=[bens_id, str(as_if), str(unknown), here_id, "x", "usr_AAAA"]) == []

    assert (await bens.ask(WHO))["viewer"]["session"]["id"] == bens_id
    assert (await here.ask(WHO))["viewer"]["session"]["id"] == here_id


@pytest.mark.parametrize("ids", [[], ["x"] * 101])
async def test_one_call_ends_a_hundred_at_most(api: Client, ana: str, ids: list[str]) -> None:
    here, _ = await logged_in(api, ana)

    done = (await here.ask(REVOKE, input={"sessionIds": ids}))["it"]

    assert len(done["errors"]) == 1
    assert done["revokedSessionIds"] is None


async def test_only_a_signed_in_person_ends_sessions(api: Client) -> None:
    assert await api.refusal(REVOKE, input={}) == "UNAUTHENTICATED"
