"""The gate: whose token it is, and whether the session is still open."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import ApiError
from core.ids import SessionId
from core.settings import Settings
from core.statements import counted
from core.tokens import issue_access
from core.viewer import Viewer
from models.auth import Session
from services.auth import gate, keys
from tests.factories.sessions import CAFE, HOME, account, end, enter, is_let_in, later, refresh, set_status


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
async def other_process(config: Settings) -> AsyncIterator[Backends]:
    opened = Backends.open(config)
    yield opened
    await opened.aclose()


async def test_an_access_token_tells_who_asks(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)

    viewer = await gate.authenticate(backends, tokens.access_token, CAFE)

    assert viewer.proved_at is not None
    expected = Viewer(ana, tokens.session.id, address=CAFE, expires_at=tokens.access_token_expires_at)
    assert viewer == replace(expected, proved_at=viewer.proved_at, trust=0.0)


async def test_a_second_request_costs_no_statement(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    await is_let_in(backends, tokens)

    with counted() as count:
        assert await is_let_in(backends, tokens)

    assert len(count) == 0


async def test_an_access_token_ends_by_itself(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    assert await is_let_in(backends, tokens)

    with clock.frozen(tokens.access_token_expires_at):
        assert not await is_let_in(backends, tokens)


async def test_an_ended_session_lets_nobody_in(backends: Backends, other_process: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)

    await end(backends, tokens.session)

    assert not await is_let_in(other_process, tokens)


async def test_a_process_believes_in_a_session_for_five_seconds_at_most(
    backends: Backends, other_process: Backends, ana: UUID
) -> None:
    tokens = await enter(backends, ana)
    seconds = [100.0]
    other_process.tokens.sessions = type(other_process.tokens.sessions)(10, 5, timer=lambda: seconds[0])
    assert await is_let_in(other_process, tokens)
    await end(backends, tokens.session)

    seconds[0] = 104.9
    assert await is_let_in(other_process, tokens)
    seconds[0] = 105.0
    assert not await is_let_in(other_process, tokens)


async def test_a_session_that_is_forgotten_is_checked_at_once(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    assert await is_let_in(backends, tokens)
    await end(backends, tokens.session)

    backends.tokens.forget(tokens.session)

    assert not await is_let_in(backends, tokens)


async def test_a_session_nobody_uses_for_thirty_days_is_over(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    key = await keys.signing_key(backends)

    with later(days=29):
        assert await refresh(backends, tokens.refresh_token) is not None
    with later(days=60):
        stale = issue_access(key, tokens.session)[0]
        assert not await is_let_in(backends, replace(tokens, access_token=stale))


async def test_a_good_signature_for_a_session_that_never_was_lets_nobody_in(backends: Backends, ana: UUID) -> None:
    key = await keys.signing_key(backends)
    token, _ = issue_access(key, SessionId(ana, uuid4()))

    with pytest.raises(ApiError, match="ended"):
        await gate.authenticate(backends, token, HOME)


async def test_a_suspended_account_is_let_in_as_such(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    await set_status(backends.db, ana, "SUSPENDED")

    assert (await gate.authenticate(backends, tokens.access_token, HOME)).is_restricted


async def test_a_deleted_account_is_not(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    await set_status(backends.db, ana, "DELETED")

    assert not await is_let_in(backends, tokens)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "\ud800", "ü", "x" * 1_000_000])
async def test_garbage_is_refused_without_asking_the_database(backends: Backends, token: str) -> None:
    await keys.signing_key(backends)

    with counted() as count, pytest.raises(ApiError, match="token"):
        await gate.authenticate(backends, token, HOME)

    assert len(count) == 0


async def test_a_sign_of_life_is_written_once_a_minute(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    began = await _last_active(backends.db)

    with later(seconds=59):
        await is_let_in(backends, tokens)
    await backends.tokens.settled()
    assert await _last_active(backends.db) == began

    backends.tokens.forget(tokens.session)
    with later(seconds=61):
        await gate.authenticate(backends, tokens.access_token, CAFE)
        await gate.authenticate(backends, tokens.access_token, CAFE)
        assert len(backends.tokens.running) == 1
        await backends.tokens.settled()
    assert await _last_active(backends.db) >= began + timedelta(seconds=61)


async def test_those_who_stay_are_looked_at_together(backends: Backends, ana: UUID) -> None:
    stays, ended, foreign = [await enter(backends, ana) for _ in range(3)]
    viewers = [await gate.authenticate(backends, each.access_token, HOME) for each in (stays, ended, foreign)]
    await end(backends, ended.session)
    viewers[2] = replace(viewers[2], id=uuid4())

    with counted() as count:
        seen = await gate.look(backends, viewers)

    assert seen == [viewers[0], None, None]
    assert len(count) == 1


async def test_those_who_stay_are_known_to_be_suspended_and_gone_with_their_session(
    backends: Backends, ana: UUID
) -> None:
    viewer = await gate.authenticate(backends, (await enter(backends, ana)).access_token, HOME)
    await set_status(backends.db, ana, "SUSPENDED")
    assert await gate.look(backends, [viewer]) == [replace(viewer, status="SUSPENDED")]

    with later(days=60):
        assert await gate.look(backends, [viewer]) == [None]

    await set_status(backends.db, ana, "DELETED")
    assert await gate.look(backends, [viewer]) == [None]


async def test_those_who_stay_give_signs_of_life(backends: Backends, ana: UUID) -> None:
    viewer = await gate.authenticate(backends, (await enter(backends, ana)).access_token, HOME)
    began = await _last_active(backends.db)

    with later(seconds=59):
        await gate.look(backends, [viewer])
    assert await _last_active(backends.db) == began

    with later(seconds=61):
        await gate.look(backends, [viewer])
    assert await _last_active(backends.db) >= began + timedelta(seconds=61)


async def _last_active(db: Database) -> datetime:
    async with db.reading() as read:
        found: datetime = await read.scalar(select(Session.last_active_at))
    return found.astimezone(UTC)
