"""Guessing, stealing and repeating second factors, and log-ins that wait for one; and keeping people out by it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials, RateLimited, Refusal
from core.viewer import Viewer
from models.accounts import Account
from models.auth import Session
from models.profiles import User
from services.auth import authenticator_apps, challenges, keys, second_factors
from services.auth.challenges import Arrival, Challenge
from services.auth.devices import Device
from services.auth.second_factors import Code
from services.auth.sessions import AuthTokens
from tests.api.test_auth import REFRESH, WHO, codes
from tests.api.test_second_factors import COMPLETE, challenged
from tests.client import Client, call
from tests.factories.second_factors import App, protect, shown, steps_later
from tests.factories.sessions import CAFE, HOME, account, enter, later, set_status

PHONE = Device("Ana's phone", "IOS")


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
async def app(db: Database, ana: UUID) -> App:
    return await protect(db, ana)


async def begin(backends: Backends, user_id: UUID, address: str = CAFE) -> str:
    """The token of a challenge, for who knows the password."""
    key = await keys.signing_key(backends)
    arrival = Arrival(user_id, PHONE, address, "PASSWORD")
    outcome = await backends.db.write(partial(challenges.proceed, key=key, arrival=arrival))
    assert isinstance(outcome, Challenge)
    return outcome.token


async def complete(backends: Backends, token: str, code: Code, address: str = CAFE) -> AuthTokens | Refusal:
    key = await keys.signing_key(backends)
    verb = partial(challenges.complete, key=key, token=token, code=code, address=address)
    try:
        return await backends.db.write(verb)
    except Refusal as refusal:
        return refusal


def wrong(app: App) -> Code:
    return Code("TOTP", app.wrong(), ())


def paper(app: App, number: int = 0) -> Code:
    return Code("RECOVERY_CODE", app.recovery_codes[number], ())


async def guess(backends: Backends, user_id: UUID, app: App, times: int, address: str = CAFE) -> list[Refusal]:
    """Wrong codes, in as many challenges as it takes."""
    answers: list[Refusal] = []
    while len(answers) < times:
        token = await begin(backends, user_id, address)
        for _ in range(min(5, times - len(answers))):
            answer = await complete(backends, token, wrong(app), address)
            assert isinstance(answer, Refusal)
            answers.append(answer)
    return answers


async def count_sessions(db: Database) -> int:
    async with db.reading() as read:
        found: int = await read.scalar(select(func.count()).select_from(Session))
    return found


async def test_a_code_is_good_once(backends: Backends, ana: UUID, app: App) -> None:
    first, second = await begin(backends, ana), await begin(backends, ana)

    assert isinstance(await complete(backends, first, shown(app)), AuthTokens)

    assert isinstance(await complete(backends, second, shown(app)), BadCredentials)
    assert isinstance(await complete(backends, second, shown(app, -1)), BadCredentials)


async def test_of_one_code_in_many_log_ins_at_once_one_gets_in(backends: Backends, ana: UUID, app: App) -> None:
    tokens = [await begin(backends, ana) for _ in range(5)]

    answers = await asyncio.gather(*(complete(backends, token, shown(app)) for token in tokens))

    assert sum(isinstance(each, AuthTokens) for each in answers) == 1


async def test_a_code_does_not_come_back_with_the_clock(backends: Backends, ana: UUID, app: App) -> None:
    with steps_later(2):
        used = shown(app)
        assert isinstance(await complete(backends, await begin(backends, ana), used), AuthTokens)

    assert isinstance(await complete(backends, await begin(backends, ana), used), BadCredentials)
    assert isinstance(await complete(backends, await begin(backends, ana), shown(app)), BadCredentials)


async def test_a_code_that_served_another_purpose_logs_nobody_in(backends: Backends, ana: UUID, app: App) -> None:
    own = Viewer(id=ana, address=HOME)
    renewed = await backends.db.write(lambda tx: authenticator_apps.renew_recovery_codes(tx, own, shown(app)))
    assert isinstance(renewed, list)

    assert isinstance(await complete(backends, await begin(backends, ana), shown(app)), BadCredentials)


async def test_of_one_recovery_code_in_many_log_ins_at_once_one_gets_in(
    backends: Backends, ana: UUID, app: App
) -> None:
    tokens = [await begin(backends, ana) for _ in range(5)]

    answers = await asyncio.gather(*(complete(backends, token, paper(app)) for token in tokens))

    assert sum(isinstance(each, AuthTokens) for each in answers) == 1


@pytest.mark.parametrize("code", [wrong, lambda _: Code("RECOVERY_CODE", "2345-6789-bcd", ())])
async def test_five_wrong_codes_end_the_challenge(
    backends: Backends, ana: UUID, app: App, code: Callable[[App], Code]
) -> None:
    token = await begin(backends, ana)

    answers = [await complete(backends, token, code(app)) for _ in range(5)]

    assert [isinstance(each, BadCredentials) and each.remaining_attempts for each in answers] == [4, 3, 2, 1, 0]
    over = await complete(backends, token, paper(app))
    assert isinstance(over, BadCredentials)
    assert over.code == "CODE_EXPIRED"


async def test_log_in_after_log_in_gives_no_more_guesses(backends: Backends, ana: UUID, app: App) -> None:
    await guess(backends, ana, app, 5)

    paused = await complete(backends, await begin(backends, ana), shown(app))

    assert isinstance(paused, RateLimited)
    assert timedelta(0) < paused.retry_at - clock.now() <= timedelta(minutes=1)


async def test_pauses_grow_to_an_hour_and_no_longer(backends: Backends, ana: UUID, app: App) -> None:
    waits, now = [], clock.now()
    for _ in range(6):
        with clock.frozen(now):
            await guess(backends, ana, app, 5)
            paused = await complete(backends, await begin(backends, ana), shown(app))
        assert isinstance(paused, RateLimited)
        waits.append(paused.retry_at - now)
        now = paused.retry_at

    assert [wait / timedelta(minutes=1) for wait in waits] == [1, 5, 15, 60, 60, 60]
    with clock.frozen(now):
        assert isinstance(await complete(backends, await begin(backends, ana), shown(app)), AuthTokens)


async def test_who_knows_the_password_keeps_the_person_out_of_nothing(backends: Backends, ana: UUID, app: App) -> None:
    await enter(backends, ana)
    await guess(backends, ana, app, 5)

    at_home = await complete(backends, await begin(backends, ana, HOME), shown(app), HOME)
    elsewhere = await complete(backends, await begin(backends, ana), paper(app))

    assert isinstance(at_home, AuthTokens)
    assert isinstance(elsewhere, AuthTokens)


async def test_a_day_later_wrong_codes_are_forgotten(backends: Backends, ana: UUID, app: App) -> None:
    await guess(backends, ana, app, 4)

    with later(hours=25):
        assert isinstance((await guess(backends, ana, app, 1))[0], BadCredentials)
        assert isinstance(await complete(backends, await begin(backends, ana), shown(app)), AuthTokens)


async def test_a_challenge_works_once(backends: Backends, ana: UUID, app: App) -> None:
    token = await begin(backends, ana)
    assert isinstance(await complete(backends, token, paper(app)), AuthTokens)
    before = await count_sessions(backends.db)

    again = await complete(backends, token, paper(app, 1))

    assert isinstance(again, BadCredentials)
    assert await count_sessions(backends.db) == before


async def test_of_many_answers_to_one_challenge_at_once_one_gets_in(backends: Backends, ana: UUID, app: App) -> None:
    token = await begin(backends, ana)

    answers = await asyncio.gather(*(complete(backends, token, paper(app, number)) for number in range(5)))

    assert sum(isinstance(each, AuthTokens) for each in answers) == 1
    left = await backends.db.write(lambda tx: second_factors.own_rows(tx, Viewer(id=ana), [ana]))
    assert left[ana].remaining_recovery_codes == 9


async def test_a_challenge_ends_after_ten_minutes(backends: Backends, ana: UUID, app: App) -> None:
    token = await begin(backends, ana)

    with later(minutes=10):
        assert isinstance(await complete(backends, token, paper(app)), BadCredentials)
    with later(minutes=9):
        assert isinstance(await complete(backends, token, paper(app)), AuthTokens)


@pytest.mark.parametrize("position", [5, 20, 40, -2])
async def test_a_changed_token_is_no_token(backends: Backends, ana: UUID, app: App, position: int) -> None:
    token = await begin(backends, ana)
    other = "A" if token[position] != "A" else "B"
    forged = token[:position] + other + token[position:][1:]

    answer = await complete(backends, forged, paper(app))

    assert isinstance(answer, BadCredentials)
    assert answer.path == ("input", "challengeToken")


@pytest.mark.parametrize("token", ["", "chl_", "chl_AAAA", "x" * 512, "\ud800", "chl_" + "é" * 40])
async def test_garbage_is_no_token(backends: Backends, ana: UUID, app: App, token: str) -> None:
    assert isinstance(await complete(backends, token, paper(app)), BadCredentials)


async def test_codes_of_others_open_nothing(backends: Backends, ana: UUID, app: App) -> None:
    ben = await account(backends.db, "ben", "ben@example.com")
    others = await protect(backends.db, ben)
    token = await begin(backends, ana)

    for code in (shown(others), paper(others)):
        assert isinstance(await complete(backends, token, code), BadCredentials)


async def _change_password(backends: Backends, user_id: UUID) -> None:
    changed = update(Account).where(Account.user_id == user_id).values(password_changed_at=clock.now())
    await backends.db.write(lambda tx: tx.execute(changed))


async def _turn_off(backends: Backends, user_id: UUID) -> None:
    await backends.db.write(lambda tx: second_factors.forget(tx, user_id))


async def _close(backends: Backends, user_id: UUID) -> None:
    await set_status(backends.db, user_id, "DELETED")


@pytest.mark.parametrize("change", [_change_password, _turn_off, _close])
async def test_a_challenge_does_not_outlive_what_it_was_opened_for(
    backends: Backends, ana: UUID, app: App, change: Callable[[Backends, UUID], Any]
) -> None:
    token = await begin(backends, ana)
    with later(seconds=1):
        await change(backends, ana)

        answer = await complete(backends, token, paper(app))

    assert isinstance(answer, BadCredentials)
    assert answer.code == "CODE_EXPIRED"


async def test_a_challenge_of_an_app_before_is_over(backends: Backends, ana: UUID, app: App) -> None:
    with later(hours=-1):
        before = await begin(backends, ana)
    with later(seconds=1):
        await _turn_off(backends, ana)
    fresh = await protect(backends.db, ana)

    assert isinstance(await complete(backends, before, paper(fresh)), BadCredentials)


async def test_tokens_do_not_stand_in_for_each_other(api: Client, backends: Backends, ana: UUID, app: App) -> None:
    tokens = await enter(backends, ana)
    challenge = (await challenged(api))["token"]

    assert await api.signed_in(challenge).refusal(WHO) == "UNAUTHENTICATED"
    assert codes(await call(api, REFRESH, refreshToken=challenge))
    for text in (tokens.access_token[:512], tokens.refresh_token):
        code = {"recoveryCode": app.recovery_codes[0]}
        refused = await call(api, COMPLETE, challengeToken=text, code=code)
        assert codes(refused) == [("CredentialsError", "INVALID_CREDENTIALS", ["input", "challengeToken"])]


@pytest.mark.parametrize(("status", "then"), [("DEACTIVATED", "ACTIVE"), ("SUSPENDED", "SUSPENDED")])
async def test_only_a_completed_log_in_wakes_an_account(
    backends: Backends, ana: UUID, app: App, status: str, then: str
) -> None:
    await set_status(backends.db, ana, status)
    token = await begin(backends, ana)
    assert await _status(backends.db, ana) == status

    assert isinstance(await complete(backends, token, paper(app)), AuthTokens)

    assert await _status(backends.db, ana) == then


async def _status(db: Database, user_id: UUID) -> str:
    async with db.reading(fresh=True) as read:
        # unguarded: the test compares states
        status: str = await read.scalar(select(User.status).where(User.id == user_id))
    return status
