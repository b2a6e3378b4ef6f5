"""Two-factor log-in by text messages, as clients see it, and what it cannot be abused for."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from core.backends import Backends
from core.db import Database
from core.errors import RateLimited
from core.settings import Settings
from models.kinship import IdentityMark
from models.second_factors import SecondFactor
from services.auth import phones
from tests.api.test_auth import ERRORS, codes
from tests.api.test_second_factors import BEGIN, COMPLETE, challenged
from tests.client import Client, call
from tests.factories.mails import Mails
from tests.factories.sessions import CAFE, HOME, account, enter, later

NUMBER = "+49 1512 3456789"
MASKED = "+49 •••••••••89"
STATE = "account { isTwoFactorEnabled remainingRecoveryCodes phoneNumber }"
BEGIN_SMS = f"""mutation ($input: BeginSmsSetupInput!) {{
    it: beginSmsSetup(input: $input) {{ phoneNumber expiresAt {ERRORS} }}
}}"""
CONFIRM_SMS = f"""mutation ($input: ConfirmSmsSetupInput!) {{
    it: confirmSmsSetup(input: $input) {{ recoveryCodes {STATE} {ERRORS} }}
}}"""
REQUEST = f"""mutation ($input: RequestSmsCodeInput!) {{
    it: requestSmsCode(input: $input) {{ phoneNumber expiresAt {ERRORS} }}
}}"""
DISABLE_SMS = f"""mutation ($input: DisableSmsInput!) {{
    it: disableSms(input: $input) {{ {STATE} {ERRORS} }}
}}"""


@pytest.fixture
async def ana(api: Client, backends: Backends) -> Client:
    """Ana, who has just logged in."""
    return api.signed_in((await enter(backends, await account(backends.db))).access_token)


async def newest_code(mails: Mails) -> str:
    """The code in the newest message."""
    found = re.match(r"\d{6}", (await mails.texts())[0]["text"])
    assert found
    return found.group()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def set_up(client: Client, mails: Mails) -> Any:
    assert (await call(client, BEGIN_SMS, phoneNumber=NUMBER))["errors"] == []
    done = await call(client, CONFIRM_SMS, sms=await newest_code(mails))
    assert done["errors"] == []
    return done


async def test_a_phone_is_a_mark_of_its_owner_once_its_code_came_back(ana: Client, mails: Mails, db: Database) -> None:
    await call(ana, BEGIN_SMS, phoneNumber=NUMBER)
    async with db.reading(fresh=True) as read:
        before = await read.scalars(select(IdentityMark.mark))

    await call(ana, CONFIRM_SMS, sms=await newest_code(mails))

    async with db.reading(fresh=True) as read:
        after = await read.scalars(select(IdentityMark.mark))
    assert (len(before), len(after)) == (0, 1)


async def test_a_code_to_the_phone_turns_it_on(ana: Client, mails: Mails, db: Database) -> None:
    begun = await call(ana, BEGIN_SMS, phoneNumber=NUMBER)
    (message,) = await mails.texts()
    assert (begun["phoneNumber"], message["to"]) == (MASKED, "+4915123456789")
    code = message["text"][:6]
    assert message["text"] == f"{code} is your Aperture code. Give it to nobody.\n\n@localhost #{code}"

    done = await call(ana, CONFIRM_SMS, sms=code)

    assert done["account"] == {"isTwoFactorEnabled": True, "remainingRecoveryCodes": 10, "phoneNumber": MASKED}
    assert len(done["recoveryCodes"]) == 10
    async with db.reading() as read:
        assert b"1512" not in await read.scalar(select(SecondFactor.phone))


async def test_a_log_in_takes_a_code_that_is_asked_for_and_works_once(ana: Client, api: Client, mails: Mails) -> None:
    await set_up(ana, mails)
    challenge = await challenged(api)
    assert challenge["methods"] == ["SMS", "RECOVERY_CODE"]
    asked = await call(api, REQUEST, challengeToken=challenge["token"])
    assert (asked["errors"], asked["phoneNumber"]) == ([], MASKED)
    code = await newest_code(mails)
    assert codes(await call(api, COMPLETE, challengeToken=challenge["token"], code={"sms": wrong(code)}))
    assert codes(await call(api, COMPLETE, challengeToken=challenge["token"], code={"totp": code}))

    done = await call(api, COMPLETE, challengeToken=challenge["token"], code={"sms": code})

    assert done["errors"] == []
    assert done["session"]["logInMethod"] == "PASSWORD_AND_SMS"
    again = (await challenged(api))["token"]
    assert codes(await call(api, COMPLETE, challengeToken=again, code={"sms": code}))


async def test_only_the_newest_code_works_and_for_ten_minutes(ana: Client, api: Client, mails: Mails) -> None:
    await set_up(ana, mails)
    token = (await challenged(api))["token"]
    await call(api, REQUEST, challengeToken=token)
    first = await newest_code(mails)
    await call(api, REQUEST, challengeToken=token)
    second = await newest_code(mails)

    assert codes(await call(api, COMPLETE, challengeToken=token, code={"sms": first}))
    with later(minutes=11):
        late = (await challenged(api))["token"]
        assert codes(await call(api, COMPLETE, challengeToken=late, code={"sms": second}))


async def test_turning_it_off_takes_a_code(ana: Client, api: Client, mails: Mails) -> None:
    await set_up(ana, mails)
    await call(ana, REQUEST)
    code = await newest_code(mails)
    assert codes(await call(ana, DISABLE_SMS, code={"sms": wrong(code)}))

    done = await call(ana, DISABLE_SMS, code={"sms": code})

    assert done["account"] == {"isTwoFactorEnabled": False, "remainingRecoveryCodes": 0, "phoneNumber": None}
    assert await challenged(api) is None


async def test_one_factor_does_not_replace_another(ana: Client, mails: Mails) -> None:
    await set_up(ana, mails)

    refused = [await call(ana, BEGIN), await call(ana, BEGIN_SMS, phoneNumber=NUMBER)]

    assert [codes(each)[0][1] for each in refused] == ["CONFLICT", "CONFLICT"]


async def test_wrong_first_codes_end_the_attempt(ana: Client, mails: Mails) -> None:
    await call(ana, BEGIN_SMS, phoneNumber=NUMBER)
    code = await newest_code(mails)
    for _ in range(5):
        await call(ana, CONFIRM_SMS, sms=wrong(code))

    over = await call(ana, CONFIRM_SMS, sms=code)

    assert codes(over) == [("CredentialsError", "CODE_EXPIRED", ["input", "sms"])]


@pytest.mark.parametrize("number", ["+49 30 901820", "+44 909 8790879", "01512 3456789", "ring me"])
async def test_nothing_is_sent_to_what_is_no_mobile_phone(ana: Client, mails: Mails, number: str) -> None:
    refused = await call(ana, BEGIN_SMS, phoneNumber=number)

    assert codes(refused) == [("ValidationError", "BAD_FORMAT", ["input", "phoneNumber"])]
    assert await mails.texts() == []


async def test_without_a_challenge_or_a_phone_nothing_is_sent(ana: Client, api: Client, mails: Mails) -> None:
    assert [code for _, code, _ in codes(await call(api, REQUEST))] == ["INVALID"]
    assert [code for _, code, _ in codes(await call(ana, REQUEST))] == ["INVALID"]
    assert codes(await call(api, REQUEST, challengeToken="chl_AAAA"))
    assert await mails.texts() == []


async def test_messages_are_few_and_who_knows_the_password_uses_up_nobodys(config: Settings, db: Database) -> None:
    limited = Backends.open(config.model_copy(update={"rate_limit_factor": 1.0}))
    user_id = await account(db)
    await enter(limited, user_id)
    try:
        for _ in range(5):
            await phones.require_budget(limited, user_id, "+4915123456789", CAFE)
        with pytest.raises(RateLimited):
            await phones.require_budget(limited, user_id, "+4915123456789", CAFE)
        for _ in range(5):
            await phones.require_budget(limited, user_id, "+4915123456789", HOME)
        with pytest.raises(RateLimited):
            await phones.require_budget(limited, await account(db, "ben", "ben@example.com"), "+4915123456789", CAFE)
    finally:
        await limited.aclose()
