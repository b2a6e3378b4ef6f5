"""Two-factor log-in, as clients see it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.backends import Backends
from core.db import Database
from core.viewer import Viewer
from models.accounts import Account
from models.outbox import OutboxEntry
from models.second_factors import RecoveryCode, SecondFactor
from services.auth import authenticator_apps
from tests.api.test_auth import ERRORS, LOG_IN, SESSION, TOKENS, VIEWER, codes
from tests.client import Client, call
from tests.factories.second_factors import App, protect, steps_later
from tests.factories.sessions import PASSWORD, account, enter, later

STATE = "account { isTwoFactorEnabled remainingRecoveryCodes }"
BEGIN = f"""mutation ($input: BeginTotpSetupInput!) {{
    it: beginTotpSetup(input: $input) {{ secret otpauthUri expiresAt {ERRORS} }}
}}"""
CONFIRM = f"""mutation ($input: ConfirmTotpSetupInput!) {{
    it: confirmTotpSetup(input: $input) {{ recoveryCodes {STATE} {ERRORS}
        errors {{ ... on CredentialsError {{ remainingAttempts }} }} }}
}}"""
DISABLE = f"""mutation ($input: DisableTotpInput!) {{
    it: disableTotp(input: $input) {{ {STATE} {ERRORS} }}
}}"""
RENEW = f"""mutation ($input: RegenerateRecoveryCodesInput!) {{
    it: regenerateRecoveryCodes(input: $input) {{ recoveryCodes {ERRORS} query {{ viewer {{ {STATE} }} }} }}
}}"""
CHALLENGED = LOG_IN.replace("tokens {", "challenge { token methods expiresAt } tokens {")
COMPLETE = f"""mutation ($input: CompleteLogInInput!) {{
    it: completeLogIn(input: $input) {{ {VIEWER} {SESSION} {TOKENS} {ERRORS}
        errors {{ ... on CredentialsError {{ remainingAttempts }} ... on RateLimitedError {{ retryAt }} }} }}
}}"""
PROVE = """mutation ($input: ReauthenticateInput!) {
    it: reauthenticate(input: $input) { validUntil errors { __typename code message path } }
}"""
ME = f"{{ viewer {{ {STATE} }} }}"


@pytest.fixture
async def ana(api: Client, backends: Backends) -> Client:
    """Ana, who has just logged in."""
    return api.signed_in((await enter(backends, await account(backends.db))).access_token)


async def set_up(client: Client) -> App:
    begun = await call(client, BEGIN)
    assert begun["errors"] == []
    app = App(begun["secret"])
    done = await call(client, CONFIRM, totp=app.code())
    assert done["errors"] == []
    return App(app.secret, done["recoveryCodes"])


async def challenged(api: Client, **more: Any) -> Any:
    answer = await call(api, CHALLENGED, identifier="ana.lima", password=PASSWORD, **more)
    assert answer["errors"] == []
    return answer["challenge"]


async def told(db: Database) -> list[str]:
    async with db.reading() as read:
        return list(await read.scalars(select(OutboxEntry.event).order_by(OutboxEntry.id)))


async def test_nothing_is_on_before_a_first_code(ana: Client, api: Client) -> None:
    begun = await call(ana, BEGIN)

    assert begun["otpauthUri"].startswith("otpauth://totp/Aperture:Ana.Lima?secret=" + begun["secret"])
    ends_in = datetime.fromisoformat(begun["expiresAt"]) - clock.now()
    assert timedelta(minutes=14) < ends_in <= timedelta(minutes=15)
    assert (await ana.ask(ME))["viewer"]["account"] == {"isTwoFactorEnabled": False, "remainingRecoveryCodes": 0}
    assert await challenged(api) is None


async def test_a_first_code_turns_it_on_and_shows_ten_recovery_codes(ana: Client, db: Database) -> None:
    begun = await call(ana, BEGIN, label="Ana's account")
    assert "Ana%27s%20account" in begun["otpauthUri"]

    done = await call(ana, CONFIRM, totp=App(begun["secret"]).code())

    assert done["errors"] == []
    assert done["account"] == {"isTwoFactorEnabled": True, "remainingRecoveryCodes": 10}
    assert len(set(done["recoveryCodes"])) == 10
    assert "SecondFactorEnabled" in await told(db)
    # unguarded: the test looks for secrets in the rows
    async with db.reading() as read:
        row = await read.first(select(SecondFactor.secret, SecondFactor.pending))
        digests = await read.scalars(select(RecoveryCode.digest))
    assert row is not None
    assert row.pending is None
    assert begun["secret"].encode() not in row.secret
    assert not any(code.encode() in digest for code in done["recoveryCodes"] for digest in digests)


async def test_wrong_first_codes_end_the_attempt(ana: Client) -> None:
    begun = await call(ana, BEGIN)
    app = App(begun["secret"])

    refusals = [await call(ana, CONFIRM, totp=app.wrong()) for _ in range(5)]

    assert [each["errors"][0]["remainingAttempts"] for each in refusals] == [4, 3, 2, 1, 0]
    over = await call(ana, CONFIRM, totp=app.code())
    assert codes(over) == [("CredentialsError", "CODE_EXPIRED", ["input", "totp"])]


async def test_an_attempt_ends_after_a_quarter_of_an_hour(ana: Client, backends: Backends, db: Database) -> None:
    async with db.reading() as read:
        own = Viewer(id=await read.scalar(select(Account.user_id)))
    with later(minutes=-15):
        setup = await db.write(lambda tx: authenticator_apps.begin(tx, own, None))

    refused = await call(ana, CONFIRM, totp=App(setup.secret).code())

    assert codes(refused) == [("CredentialsError", "CODE_EXPIRED", ["input", "totp"])]


async def test_a_second_attempt_replaces_the_first(ana: Client) -> None:
    first, second = App((await call(ana, BEGIN))["secret"]), App((await call(ana, BEGIN))["secret"])

    assert codes(await call(ana, CONFIRM, totp=first.code()))
    assert (await call(ana, CONFIRM, totp=second.code()))["errors"] == []


async def test_an_app_is_not_replaced_by_the_password_alone(ana: Client) -> None:
    await set_up(ana)

    refused = await call(ana, BEGIN)

    assert [code for _, code, _ in codes(refused)] == ["CONFLICT"]
    assert refused["secret"] is None


async def test_a_proof_of_identity_has_to_be_recent(ana: Client) -> None:
    with later(minutes=11):
        refused = await call(ana, BEGIN)

    assert [code for _, code, _ in codes(refused)] == ["REAUTHENTICATION_REQUIRED"]


async def test_the_right_password_gets_a_challenge_and_no_session(ana: Client, api: Client, db: Database) -> None:
    await set_up(ana)
    before = await told(db)

    answer = await call(api, CHALLENGED, identifier="ana.lima", password=PASSWORD)

    assert answer["errors"] == []
    assert (answer["viewer"], answer["session"], answer["tokens"]) == (None, None, None)
    assert answer["challenge"]["methods"] == ["TOTP", "RECOVERY_CODE"]
    assert await told(db) == before


async def test_a_code_begins_the_session_of_the_device_that_logged_in(ana: Client, api: Client) -> None:
    app = await set_up(ana)
    challenge = await challenged(api, device={"platform": "IOS", "name": "Ana's phone", "appVersion": "3"})

    with steps_later(1):
        done = await call(api, COMPLETE, challengeToken=challenge["token"], code={"totp": app.code()})

    assert done["errors"] == []
    session = done["session"]
    assert (session["deviceName"], session["platform"], session["appVersion"]) == ("Ana's phone", "IOS", "3")
    assert session["logInMethod"] == "PASSWORD_AND_TOTP"
    assert done["viewer"]["session"] == {"id": session["id"], "isCurrent": True}
    with steps_later(1):
        assert (await api.signed_in(done["tokens"]["accessToken"]).ask(ME))["viewer"]


async def test_a_recovery_code_begins_a_session_once(ana: Client, api: Client, db: Database) -> None:
    app = await set_up(ana)
    typed = app.recovery_codes[3].upper().replace("-", " ")
    challenge = await challenged(api)

    done = await call(api, COMPLETE, challengeToken=challenge["token"], code={"recoveryCode": typed})

    assert done["session"]["logInMethod"] == "PASSWORD_AND_RECOVERY_CODE"
    assert "RecoveryCodeUsed" in await told(db)
    assert (await ana.ask(ME))["viewer"]["account"]["remainingRecoveryCodes"] == 9
    challenge = await challenged(api)
    again = await call(api, COMPLETE, challengeToken=challenge["token"], code={"recoveryCode": typed})
    assert codes(again) == [("CredentialsError", "INVALID_CREDENTIALS", ["input", "code", "recoveryCode"])]
    assert again["errors"][0]["remainingAttempts"] == 4


async def test_renewed_recovery_codes_replace_the_old_ones(ana: Client, api: Client, db: Database) -> None:
    app = await set_up(ana)

    with steps_later(1):
        renewed = await call(ana, RENEW, totp=app.code())

    assert renewed["errors"] == []
    assert renewed["query"]["viewer"]["account"]["remainingRecoveryCodes"] == 10
    assert set(renewed["recoveryCodes"]).isdisjoint(app.recovery_codes)
    assert "RecoveryCodesRenewed" in await told(db)
    token = (await challenged(api))["token"]
    old = await call(api, COMPLETE, challengeToken=token, code={"recoveryCode": app.recovery_codes[0]})
    assert codes(old)
    fresh = await call(api, COMPLETE, challengeToken=token, code={"recoveryCode": renewed["recoveryCodes"][0]})
    assert fresh["errors"] == []


@pytest.mark.parametrize("with_recovery_code", [False, True])
async def test_turning_it_off_takes_a_last_code(
    ana: Client, api: Client, db: Database, with_recovery_code: bool
) -> None:
    app = await set_up(ana)
    refused = await call(ana, DISABLE, code={"totp": app.wrong()})
    assert codes(refused) == [("CredentialsError", "INVALID_CREDENTIALS", ["input", "code", "totp"])]

    with steps_later(1):
        code = {"recoveryCode": app.recovery_codes[0]} if with_recovery_code else {"totp": app.code()}
        done = await call(ana, DISABLE, code=code)

    assert done["errors"] == []
    assert done["account"] == {"isTwoFactorEnabled": False, "remainingRecoveryCodes": 0}
    assert "SecondFactorDisabled" in await told(db)
    assert await challenged(api) is None
    async with db.reading() as read:
        assert await read.scalar(select(SecondFactor.user_id)) is None


async def test_a_code_of_the_app_is_a_proof_of_identity(ana: Client, backends: Backends) -> None:
    app = await set_up(ana)

    with later(minutes=11):
        asked = await ana.ask(
            "mutation { it: beginTotpSetup(input: {}) { errors { ... on ReauthenticationRequiredError { methods } } } }"
        )
        assert asked["it"]["errors"][0]["methods"] == ["PASSWORD", "TOTP"]
        assert codes(await call(ana, PROVE, proof={"totp": app.wrong()}))
        proved = await call(ana, PROVE, proof={"totp": app.code()})
        assert proved["errors"] == []
        assert [code for _, code, _ in codes(await call(ana, BEGIN))] == ["CONFLICT"]


async def test_nobody_sees_the_second_factor_of_others(ana: Client, api: Client, backends: Backends) -> None:
    other = await account(backends.db, "ben", "ben@example.com")
    await protect(backends.db, other)

    assert (await ana.ask(ME))["viewer"]["account"] == {"isTwoFactorEnabled": False, "remainingRecoveryCodes": 0}
