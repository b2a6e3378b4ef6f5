"""Sessions: kept alive by tokens that work once, gone when they end."""

import asyncio
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials
from core.events import SessionEnded
from core.ids import SessionId
from core.tokens import RefreshToken
from core.viewer import Viewer
from models.auth import Session
from models.outbox import OutboxEntry
from services import accounts
from services.accounts import NewAccount
from services.auth import gate, keys, sessions
from services.auth import own as own_list
from services.auth.devices import Device, fingerprint
from tests.factories.sessions import (
    HOME,
    PASSWORD,
    account,
    end,
    enter,
    is_let_in,
    is_open,
    later,
    refresh,
)

KEY = "a key of the client"


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


async def test_a_refresh_token_gives_new_tokens_for_the_same_session(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)

    second = await refresh(backends, first.refresh_token)

    assert second is not None
    assert second.session == first.session
    assert second.refresh_token != first.refresh_token
    assert await is_let_in(backends, second)


async def test_a_used_refresh_token_ends_its_session(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    second = await refresh(backends, first.refresh_token)
    assert second is not None

    assert await refresh(backends, first.refresh_token) is None

    assert not await is_open(backends.db, first.session)
    assert await refresh(backends, second.refresh_token) is None
    assert not await is_let_in(backends, second)
    assert await _events(backends.db) == [SessionEnded(user_id=ana, session_id=first.session.id)]


async def test_a_lost_answer_comes_again_with_the_same_key(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    second = await refresh(backends, first.refresh_token, KEY)

    with later(seconds=59):
        assert await refresh(backends, first.refresh_token, KEY) == second

    assert await is_open(backends.db, first.session)


@pytest.mark.parametrize("key", [None, "another key"])
async def test_without_the_same_key_a_repeat_is_a_second_use(backends: Backends, ana: UUID, key: str | None) -> None:
    first = await enter(backends, ana)
    await refresh(backends, first.refresh_token, KEY)

    assert await refresh(backends, first.refresh_token, key) is None

    assert not await is_open(backends.db, first.session)


async def test_after_a_minute_a_repeat_is_a_second_use(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    await refresh(backends, first.refresh_token, KEY)

    with later(seconds=61):
        assert await refresh(backends, first.refresh_token, KEY) is None

    assert not await is_open(backends.db, first.session)


async def test_the_key_does_not_bring_back_what_another_refresh_token_got(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    second = await refresh(backends, first.refresh_token, KEY)
    assert second is not None
    await refresh(backends, second.refresh_token, KEY)

    assert await refresh(backends, first.refresh_token, KEY) is None
    assert not await is_open(backends.db, first.session)


async def test_the_kept_answer_is_unreadable(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    second = await refresh(backends, first.refresh_token, KEY)
    assert second is not None

    async with backends.db.reading() as read:
        row = await read.first(select(Session.replay, Session.refresh_hash))

    assert row is not None
    secret = RefreshToken.parse(second.refresh_token).secret
    assert secret not in row.replay + row.refresh_hash
    assert second.refresh_token.encode() not in row.replay
    assert second.access_token.encode() not in row.replay


async def test_the_kept_answer_goes_with_the_next_sign_of_life(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    second = await refresh(backends, first.refresh_token, KEY)
    assert second is not None

    with later(seconds=61):
        await is_let_in(backends, second)
        await backends.tokens.settled()

    async with backends.db.reading() as read:
        assert await read.scalar(select(func.count(Session.replay))) == 0


async def test_of_two_refreshes_at_once_one_gets_tokens_and_the_session_ends(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)

    answers = await asyncio.gather(*(refresh(backends, first.refresh_token) for _ in range(4)))

    assert sum(answer is not None for answer in answers) == 1
    assert not await is_open(backends.db, first.session)


async def test_of_two_refreshes_at_once_with_one_key_both_get_the_same(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)

    answers = await asyncio.gather(*(refresh(backends, first.refresh_token, KEY) for _ in range(4)))

    assert None not in answers
    assert len(set(answers)) == 1
    assert await is_open(backends.db, first.session)


async def test_a_made_up_refresh_token_ends_nothing(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    made_up = str(RefreshToken(first.session, b"x" * 32))[:-1] + "A"

    with pytest.raises(BadCredentials):
        await refresh(backends, made_up)

    assert await is_open(backends.db, first.session)


async def test_a_refresh_of_an_ended_or_expired_session_gives_nothing(backends: Backends, ana: UUID) -> None:
    ended, expired = await enter(backends, ana), await enter(backends, ana)
    await end(backends, ended.session)

    assert await refresh(backends, ended.refresh_token) is None
    with later(days=30):
        assert await refresh(backends, expired.refresh_token) is None


async def test_granting_again_replaces_the_refresh_token(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    key = await keys.signing_key(backends)

    second = await backends.db.write(lambda tx: sessions.grant(tx, key, first.session))

    assert second.session == first.session
    assert await refresh(backends, second.refresh_token) is not None


async def test_nothing_is_granted_for_an_ended_session(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    key = await keys.signing_key(backends)
    await end(backends, first.session)

    with pytest.raises(BadCredentials):
        await backends.db.write(lambda tx: sessions.grant(tx, key, first.session))


async def test_logging_out_ends_this_session_alone(backends: Backends, ana: UUID) -> None:
    here, there = await enter(backends, ana), await enter(backends, ana)
    viewer = await gate.authenticate(backends, here.access_token, HOME)

    ended = await backends.db.write(lambda tx: sessions.log_out(tx, viewer, all_devices=False))
    again = await backends.db.write(lambda tx: sessions.log_out(tx, viewer, all_devices=False))

    assert (ended, again) == ([here.session], [])
    assert await is_open(backends.db, there.session)
    assert await _events(backends.db) == [SessionEnded(user_id=ana, session_id=here.session.id)]


async def test_logging_out_everywhere_ends_the_sessions_of_one_account(backends: Backends, ana: UUID) -> None:
    new = accounts.checked(NewAccount("ben@example.com", "ben"), PASSWORD)
    ben = await backends.db.write(lambda tx: accounts.create_account(tx, new, "a hash"))
    own = [await enter(backends, ana) for _ in range(3)]
    others = await enter(backends, ben)
    viewer = await gate.authenticate(backends, own[0].access_token, HOME)

    ended = await backends.db.write(lambda tx: sessions.log_out(tx, viewer, all_devices=True))

    assert set(ended) == {tokens.session for tokens in own}
    assert await is_open(backends.db, others.session)


async def test_nobody_reads_the_sessions_of_others(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    own = await gate.authenticate(backends, tokens.access_token, HOME)
    forged = SessionId(uuid4(), tokens.session.id)

    async with backends.db.reading() as read:
        seen = await own_list.own_sessions(read, own, [tokens.session, forged])
        by_other = await own_list.own_sessions(read, Viewer(id=forged.user_id), [tokens.session, forged])
        by_nobody = await own_list.own_sessions(read, Viewer(), [tokens.session])

    assert list(seen) == [tokens.session]
    assert (by_other, by_nobody) == ({}, {})


async def test_a_session_keeps_what_tells_its_device_from_others(backends: Backends, ana: UUID) -> None:
    firefox, phone = Device("Firefox on Linux", "WEB"), Device("Ana's phone", "IOS", "1.0")
    updated = Device("ana's  phone", "IOS", "2.0")

    for device in (firefox, phone, updated):
        await backends.db.write(partial(sessions.begin, user_id=ana, device=device, address=HOME, method="PASSWORD"))

    async with backends.db.reading() as read:
        kept = await read.scalars(select(Session.fingerprint).order_by(Session.id))
    assert kept[0] != kept[1] == kept[2]
    assert fingerprint(ana, phone) != fingerprint(uuid4(), phone)


async def _events(db: Database) -> list[SessionEnded]:
    async with db.reading() as read:
        payloads = await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "SessionEnded"))
    return [SessionEnded.from_json(payload) for payload in payloads]
