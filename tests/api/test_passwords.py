"""Passwords: changed by who knows the one before, set anew by who reads the account's mail."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core import clock
from core.backends import Backends
from core.errors import BadCredentials, RateLimited
from core.settings import Settings
from core.viewer import Viewer
from services import passwords
from services.auth import proofs
from tests.client import Client, call, mutation
from tests.factories.mails import Mails, text
from tests.factories.sessions import PASSWORD, account, enter, later

ERRORS = "errors { __typename code path }"
ACCOUNT = "account { hasPassword passwordChangedAt isEmailVerified }"
CHANGE = f"""mutation ($input: ChangePasswordInput!) {{
    it: changePassword(input: $input) {{ {ACCOUNT} revokedSessionIds {ERRORS} }}
}}"""
FORGOT = f"""mutation ($who: String!) {{
    it: requestPasswordReset(input: {{identifier: $who}}) {{ nextRequestAt {ERRORS} }}
}}"""
RESET = mutation("resetPassword", f"wasReset {ERRORS}")
LOG_IN = mutation("logIn", "tokens { accessToken } errors { code }")
WHO = f"{{ viewer {{ session {{ id }} {ACCOUNT} }} }}"
EMAIL, FRESH = "ana@example.com", "seven quiet lanterns 8"
NEVER = {"__typename": "CredentialsError", "path": ["input", "code"]}


@pytest.fixture
async def ana(api: Client, backends: Backends) -> Client:
    """Ana on her phone."""
    user_id = await account(backends.db, email=EMAIL)
    return api.signed_in((await enter(backends, user_id)).access_token)


async def logs_in(api: Client, password: str) -> bool:
    done = await call(api, LOG_IN, identifier="ana.lima", password=password)
    return bool(not done["errors"])


async def reset_code(api: Client, mails: Mails, who: str = "ana.lima") -> str:
    await api.ask(FORGOT, who=who)
    return await mails.code(EMAIL, "Set a new password")


async def test_a_password_is_changed(ana: Client, api: Client, mails: Mails) -> None:
    before = (await ana.ask(WHO))["viewer"]["account"]

    done = await call(ana, CHANGE, currentPassword=PASSWORD, newPassword=FRESH)

    assert done["errors"] == []
    assert done["account"]["hasPassword"]
    assert done["account"]["passwordChangedAt"] > before["passwordChangedAt"]
    assert (await logs_in(api, FRESH), await logs_in(api, PASSWORD)) == (True, False)
    assert "Your password was changed" in await mails.subjects(EMAIL)


@pytest.mark.parametrize("revokes", [True, False])
async def test_a_change_ends_other_sessions_if_wished(ana: Client, api: Client, revokes: bool) -> None:
    done = await call(api, LOG_IN, identifier="ana.lima", password=PASSWORD)
    other = api.signed_in(done["tokens"]["accessToken"])
    other_id = (await other.ask(WHO))["viewer"]["session"]["id"]

    done = await call(ana, CHANGE, currentPassword=PASSWORD, newPassword=FRESH, revokeOtherSessions=revokes)

    assert done["revokedSessionIds"] == ([other_id] if revokes else [])
    assert (await ana.ask(WHO))["viewer"]
    if revokes:
        assert await other.refusal(WHO) == "UNAUTHENTICATED"


async def test_a_wrong_current_password_changes_nothing(ana: Client, api: Client) -> None:
    done = await call(ana, CHANGE, currentPassword=FRESH, newPassword=FRESH)

    assert done["errors"] == [
        {"__typename": "CredentialsError", "code": "INVALID_CREDENTIALS", "path": ["input", "currentPassword"]}
    ]
    assert await logs_in(api, PASSWORD)


@pytest.mark.parametrize("password", ["ana.lima.2026", "ana@example.com1", "password123", "qwertyuiop", "1111111111"])
async def test_a_password_that_is_easy_to_guess_is_refused(
    ana: Client, api: Client, mails: Mails, password: str
) -> None:
    changed = await call(ana, CHANGE, currentPassword=PASSWORD, newPassword=password)
    code = await reset_code(api, mails)
    reset = await call(api, RESET, code=code, newPassword=password)

    refusal = [{"__typename": "ValidationError", "code": "INVALID", "path": ["input", "newPassword"]}]
    assert changed["errors"] == reset["errors"] == refusal
    assert (await call(api, RESET, code=code, newPassword=FRESH))["wasReset"]


@pytest.mark.parametrize("who", ["ana.lima", "ANA.LIMA", "Ana@Example.com"])
async def test_who_forgot_a_password_sets_a_new_one_by_mail(ana: Client, api: Client, mails: Mails, who: str) -> None:
    code = await reset_code(api, mails, who)

    done = await call(api, RESET, code=code, newPassword=FRESH)

    assert done == {"wasReset": True, "errors": []}
    assert await ana.refusal(WHO) == "UNAUTHENTICATED"
    assert (await logs_in(api, FRESH), await logs_in(api, PASSWORD)) == (True, False)
    assert "Your password was changed" in await mails.subjects(EMAIL)


async def test_a_reset_proves_the_address(ana: Client, api: Client, mails: Mails) -> None:
    await call(api, RESET, code=await reset_code(api, mails), newPassword=FRESH)

    done = await call(api, LOG_IN, identifier=EMAIL, password=FRESH)

    again = api.signed_in(done["tokens"]["accessToken"])
    assert (await again.ask(WHO))["viewer"]["account"]["isEmailVerified"]


async def test_a_code_sets_a_password_once(ana: Client, api: Client, mails: Mails) -> None:
    code = await reset_code(api, mails)

    first = await call(api, RESET, code=code, newPassword=FRESH)
    again = await call(api, RESET, code=code, newPassword="another fine word 7")

    assert first["wasReset"]
    assert again == {"wasReset": None, "errors": [NEVER | {"code": "CODE_EXPIRED"}]}
    assert await logs_in(api, FRESH)


async def test_a_code_works_for_half_an_hour(ana: Client, api: Client, mails: Mails) -> None:
    code = await reset_code(api, mails)

    with later(minutes=30):
        done = await call(api, RESET, code=code, newPassword=FRESH)

    assert done["errors"] == [NEVER | {"code": "CODE_EXPIRED"}]


async def test_a_new_password_makes_codes_worthless(ana: Client, api: Client, mails: Mails) -> None:
    code = await reset_code(api, mails)

    await call(ana, CHANGE, currentPassword=PASSWORD, newPassword=FRESH)

    assert (await call(api, RESET, code=code, newPassword="another fine word 7"))["wasReset"] is None


async def test_the_mail_leads_to_the_web_client_of_the_operator(config: Settings, mails: Mails, ana: Client) -> None:
    await ana.ask(FORGOT, who="ana.lima")

    (mail,) = [each for each in await mails.sent(EMAIL) if "Set a new password" in each["Subject"]]

    assert f"{config.pages_url}/reset-password#code=pwd_" in text(mail)


async def test_three_mails_an_hour_are_enough(ana: Client, api: Client, mails: Mails) -> None:
    answers = [(await api.ask(FORGOT, who=who))["it"] for who in ["ana.lima", EMAIL, "ana.lima", EMAIL, "ana.lima"]]

    assert [answer["errors"] for answer in answers] == [[]] * 5
    assert (await mails.subjects(EMAIL)).count("Set a new password") == 3
    with later(minutes=61):
        await api.ask(FORGOT, who="ana.lima")
        assert (await mails.subjects(EMAIL)).count("Set a new password") == 4


async def test_the_next_mail_is_announced(api: Client) -> None:
    answer = (await api.ask(FORGOT, who="nobody.here"))["it"]

    assert datetime.fromisoformat(answer["nextRequestAt"]) - clock.now() > timedelta(minutes=15)


async def test_wrong_current_passwords_are_counted(config: Settings, backends: Backends) -> None:
    viewer = Viewer(id=await account(backends.db))
    counting = replace(backends, settings=config.model_copy(update={"rate_limit_factor": 1.0}))

    for _ in range(proofs.FAILURES):
        with pytest.raises(BadCredentials):
            await passwords.prove(counting, viewer, FRESH, FRESH)

    with pytest.raises(RateLimited):
        await passwords.prove(counting, viewer, PASSWORD, FRESH)
