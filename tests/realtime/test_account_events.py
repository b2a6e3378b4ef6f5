"""What every device of an account is told live: sessions that begin and end, changes; and nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from core.backends import Backends
from core.db import Database, Write
from core.events import (
    AccountUpdated,
    EmailChanged,
    Event,
    HandleChanged,
    PasswordChanged,
    ProviderLinked,
    RecoveryCodesRenewed,
    SecondFactorEnabled,
)
from core.ids import ViewerId, new_uuid
from core.settings import Settings
from services import outbox
from tests.factories.sessions import account, end, enter
from tests.realtime.sockets import Api, Watcher, api_on_a_port, working

WATCH = """subscription ($after: String) { it: accountEvents(after: $after) {
    __typename cursor
    ... on SessionStartedEvent { session { id deviceName isCurrent } }
    ... on SessionsRevokedEvent { revokedSessionIds }
    ... on AccountChangedEvent { viewer { id account { email } } }
    ... on StreamResetEvent { reason }
} }"""


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Api]:
    async with api_on_a_port(config) as opened, working(config):
        yield opened


@asynccontextmanager
async def watching(api: Api, backends: Backends, user_id: UUID) -> AsyncIterator[tuple[Watcher, str]]:
    """A person's stream on a session that began before it, and the session's token."""
    token = (await enter(backends, user_id)).access_token
    async with api.subscribing(token, WATCH, after="from now on") as watcher:
        assert (await watcher.event())["reason"] == "CURSOR_INVALID"
        yield watcher, token


async def next_of(watcher: Watcher, kind: str) -> Any:
    """The next event of a kind; what happened before the stream stood may still come."""
    while True:
        event = await watcher.event()
        if event["__typename"] == kind:
            return event


async def started_elsewhere(watcher: Watcher) -> Any:
    """The next session that begins on another device."""
    while True:
        event = await next_of(watcher, "SessionStartedEvent")
        if not event["session"]["isCurrent"]:
            return event


async def tell(backends: Backends, event: Event) -> None:
    async def work(tx: Write) -> None:
        outbox.emit(tx, event)

    await backends.db.write(work)


async def test_a_session_is_told_when_it_begins_and_when_it_ends(api: Api, backends: Backends, ana: UUID) -> None:
    ben = await account(backends.db, "ben", "ben@example.com")

    async with watching(api, backends, ana) as (watcher, _):
        await end(backends, (await enter(backends, ben)).session)
        begun = (await enter(backends, ana)).session
        started = await started_elsewhere(watcher)
        await end(backends, begun)
        ended = await next_of(watcher, "SessionsRevokedEvent")

    assert started["session"] == {"id": str(begun), "deviceName": "Firefox on Linux", "isCurrent": False}
    assert ended["revokedSessionIds"] == [str(begun)]


@pytest.mark.parametrize(
    "happened",
    [
        AccountUpdated,
        HandleChanged,
        PasswordChanged,
        partial(EmailChanged, code_id=new_uuid()),
        SecondFactorEnabled,
        RecoveryCodesRenewed,
        partial(ProviderLinked, identity_id=new_uuid()),
    ],
)
async def test_a_change_of_the_account_is_told_with_the_account(
    api: Api, backends: Backends, ana: UUID, happened: Any
) -> None:
    async with watching(api, backends, ana) as (watcher, _):
        await tell(backends, happened(user_id=ana))

        changed = await next_of(watcher, "AccountChangedEvent")

    assert changed["viewer"] == {"id": str(ViewerId(ana)), "account": {"email": "ana@example.com"}}


async def test_who_comes_back_is_told_what_was_missed(api: Api, backends: Backends, ana: UUID) -> None:
    async with watching(api, backends, ana) as (watcher, token):
        await tell(backends, AccountUpdated(user_id=ana))
        seen = await next_of(watcher, "AccountChangedEvent")
    begun = (await enter(backends, ana)).session

    async with api.subscribing(token, WATCH, after=seen["cursor"]) as again:
        started = await started_elsewhere(again)
        await end(backends, begun)
        ended = await next_of(again, "SessionsRevokedEvent")
    async with api.subscribing(token, WATCH, after=started["cursor"]) as once_more:
        same = await next_of(once_more, "SessionsRevokedEvent")

    assert started["session"]["id"] == str(begun)
    assert ended["revokedSessionIds"] == [str(begun)]
    assert same == ended


async def test_a_session_that_ended_before_it_was_told_has_not_begun(api: Api, backends: Backends, ana: UUID) -> None:
    async with watching(api, backends, ana) as (watcher, token):
        await tell(backends, AccountUpdated(user_id=ana))
        seen = await next_of(watcher, "AccountChangedEvent")
    gone = (await enter(backends, ana)).session
    await end(backends, gone)

    told: list[Any] = []
    async with api.subscribing(token, WATCH, after=seen["cursor"]) as again:
        while not told or told[-1]["__typename"] != "SessionsRevokedEvent":
            told.append(await again.event())

    assert told[-1]["revokedSessionIds"] == [str(gone)]
    assert str(gone) not in {event["session"]["id"] for event in told if event["__typename"] == "SessionStartedEvent"}


async def test_nobody_watches_an_account_without_a_session(api: Api) -> None:
    async with api.subscribing(None, WATCH) as watcher:
        message = await watcher.message()

    assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
