"""Email addresses: confirmed by a mail, changed by one, and taken back by one."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import UserId
from jobs.mails import purge_codes
from models.auth import Session
from services.auth import second_factors
from tests.client import Client
from tests.factories.mails import Mails, text
from tests.factories.second_factors import protect
from tests.factories.sessions import PASSWORD, account, enter, later

ERRORS = "errors { __typename code path }"
ACCOUNT = "account { email isEmailVerified pendingEmail }"
REQUEST = f"""mutation ($email: String) {{
    it: requestEmailVerification(input: {{email: $email}}) {{ {ACCOUNT} nextRequestAt {ERRORS} }}
}}"""
VERIFY = f"""mutation ($code: String!) {{ it: verifyEmail(input: {{code: $code}}) {{ verifiedEmail {ERRORS} }} }}"""
WHO = f"{{ viewer {{ {ACCOUNT} }} }}"
OLD, NEW = "ana@example.com", "ana@example.net"
EXPIRED = [{"__typename": "CredentialsError", "code": "CODE_EXPIRED", "path": ["input", "code"]}]
WRONG = [{"__typename": "CredentialsError", "code": "INVALID_CREDENTIALS", "path": ["input", "code"]}]


@pytest.fixture
async def ana(api: Client, backends: Backends) -> Client:
    """Somebody who has just signed up."""
    user_id = await account(backends.db, email=OLD)
    return api.signed_in((await enter(backends, user_id)).access_token)


async def request(client: Client, email: str | None = None) -> dict[str, object]:
    done: dict[str, object] = (await client.ask(REQUEST, email=email))["it"]
    return done


async def verify(client: Client, code: str) -> dict[str, object]:
    done: dict[str, object] = (await client.ask(VERIFY, code=code))["it"]
    return done


async def who(client: Client) -> dict[str, object]:
    seen: dict[str, object] = (await client.ask(WHO))["viewer"]["account"]
    return seen


async def test_a_new_account_is_mailed_a_code_that_confirms_its_address(ana: Client, api: Client, mails: Mails) -> None:
    before = await who(ana)

    done = await verify(api, await mails.code(OLD, "Confirm your address"))

    assert before == {"email": OLD, "isEmailVerified": False, "pendingEmail": None}
    assert done == {"verifiedEmail": OLD, "errors": []}
    assert await who(ana) == {"email": OLD, "isEmailVerified": True, "pendingEmail": None}
    assert await mails.subjects() == ["Confirm your address"]


async def test_a_new_address_needs_a_fresh_proof(ana: Client, backends: Backends, mails: Mails) -> None:
    old = clock.now() - timedelta(minutes=11)
    await backends.db.write(lambda tx: tx.execute(update(Session).values(proved_at=old)))

    refused, again = await request(ana, NEW), await request(ana)

    assert refused["errors"] == [
        {"__typename": "ReauthenticationRequiredError", "code": "REAUTHENTICATION_REQUIRED", "path": None}
    ]
    assert again["errors"] == []
    assert await mails.sent(NEW) == []


async def test_the_mail_has_a_link_to_the_web_client_and_the_code(ana: Client, mails: Mails) -> None:
    code = await mails.code(OLD, "Confirm your address")
    (mail,) = await mails.sent(OLD)

    html = mail.get_body(("html",))

    assert f"http://localhost:8000/verify-email#code={code.replace('=', '%3D')}" in text(mail)
    assert html
    assert code in html.get_content()


async def test_a_code_works_once(ana: Client, api: Client, mails: Mails) -> None:
    code = await mails.code(OLD, "Confirm your address")

    await verify(api, code)

    assert (await verify(api, code))["errors"] == EXPIRED


async def test_a_code_works_for_a_day(ana: Client, api: Client, mails: Mails) -> None:
    code = await mails.code(OLD, "Confirm your address")

    with later(hours=25):
        assert (await verify(api, code))["errors"] == EXPIRED


async def test_a_code_survives_what_mail_programs_do_to_lines(ana: Client, api: Client, mails: Mails) -> None:
    code = await mails.code(OLD, "Confirm your address")

    assert (await verify(api, f" {code[:20]}\r\n {code[20:]}\n"))["errors"] == []


async def test_another_code_can_be_asked_for(ana: Client, api: Client, mails: Mails) -> None:
    done = await request(ana)

    assert (done["errors"], done["account"]) == ([], {"email": OLD, "isEmailVerified": False, "pendingEmail": None})
    assert done["nextRequestAt"]
    assert await mails.subjects(OLD) == ["Confirm your address"] * 2


async def test_who_is_confirmed_is_mailed_no_code(ana: Client, api: Client, mails: Mails) -> None:
    await verify(api, await mails.code(OLD, "Confirm your address"))

    await request(ana)

    assert len(await mails.sent(OLD)) == 1


async def test_a_new_address_is_taken_when_its_code_comes_back(ana: Client, api: Client, mails: Mails) -> None:
    waiting = await request(ana, NEW)
    seen = await who(ana)

    done = await verify(api, await mails.code(NEW, "Confirm your new address"))

    assert waiting["account"] == seen == {"email": OLD, "isEmailVerified": False, "pendingEmail": NEW}
    assert done == {"verifiedEmail": NEW, "errors": []}
    assert await who(ana) == {"email": NEW, "isEmailVerified": True, "pendingEmail": None}
    assert "This is the address of your account now" in await mails.subjects(NEW)


async def test_codes_of_the_former_address_work_no_more(ana: Client, api: Client, mails: Mails) -> None:
    former = await mails.code(OLD, "Confirm your address")
    await request(ana, NEW)

    await verify(api, await mails.code(NEW, "Confirm your new address"))

    assert (await verify(api, former))["errors"] == EXPIRED


async def test_the_present_address_calls_a_change_off(ana: Client, api: Client, mails: Mails) -> None:
    await request(ana, NEW)
    code = await mails.code(NEW, "Confirm your new address")

    done = await request(ana, OLD.upper())

    assert done["account"] == {"email": OLD, "isEmailVerified": False, "pendingEmail": None}
    assert (await verify(api, code))["errors"] == EXPIRED


async def test_only_the_last_new_address_waits(ana: Client, api: Client, mails: Mails) -> None:
    await request(ana, "first@example.net")
    first = await mails.code("first@example.net", "Confirm your new address")

    await request(ana, NEW)

    assert (await verify(api, first))["errors"] == EXPIRED
    assert (await who(ana))["pendingEmail"] == NEW


async def test_a_taken_address_is_not_told_and_gets_no_code(
    ana: Client, api: Client, backends: Backends, mails: Mails
) -> None:
    await account(backends.db, handle="ben", email="ben@example.com")

    taken = await request(ana, "Ben@Example.com")
    (mail,) = await mails.sent("Ben@example.com")
    free = await request(ana, NEW)

    assert (taken["errors"], free["errors"]) == ([], [])
    assert "Your address was given for another account" in mail["Subject"]
    assert "Ana" not in text(mail)
    assert "http" not in text(mail)


@pytest.mark.parametrize("email", ["ana", "ana@", "ana@example.com\r\nBcc: ben@example.com"])
async def test_what_is_no_address_is_refused(ana: Client, email: str) -> None:
    done = await request(ana, email)

    assert done["errors"] == [{"__typename": "ValidationError", "code": "BAD_FORMAT", "path": ["input", "email"]}]


async def changed(ana: Client, api: Client, mails: Mails) -> str:
    """The way back, after a confirmed address was changed by somebody."""
    await verify(api, await mails.code(OLD, "Confirm your address"))
    await request(ana, NEW)
    await verify(api, await mails.code(NEW, "Confirm your new address"))
    return await mails.code(OLD, "The address of your account was changed")


async def test_the_former_address_takes_the_account_back(
    ana: Client, api: Client, backends: Backends, mails: Mails
) -> None:
    way_back = await changed(ana, api, mails)

    done = await verify(api, way_back)

    assert done == {"verifiedEmail": OLD, "errors": []}
    assert await ana.refusal(WHO) == "UNAUTHENTICATED"
    assert (await verify(api, way_back))["errors"] == EXPIRED
    log_in = (
        'mutation ($p: String!) { logIn(input: {identifier: "ana@example.com", password: $p}) { errors { code } } }'
    )
    assert (await api.ask(log_in, p=PASSWORD))["logIn"]["errors"] == []


@pytest.mark.parametrize(("hours", "stays"), [(-1, True), (1, False)])
async def test_a_second_factor_of_whoever_changed_the_address_goes_with_it(
    ana: Client, api: Client, db: Database, mails: Mails, hours: int, stays: bool
) -> None:
    ana_id = UserId.parse((await ana.ask("{ viewer { user { id } } }"))["viewer"]["user"]["id"]).id
    if stays:
        with later(hours=hours):
            await protect(db, ana_id)
    way_back = await changed(ana, api, mails)
    if not stays:
        with later(hours=hours):
            await protect(db, ana_id)

    with later(hours=2):
        await verify(api, way_back)

    async with db.reading(fresh=True) as read:
        assert bool(await second_factors.methods(read, ana_id)) is stays


async def test_nobody_takes_the_former_address_for_a_week(
    ana: Client, api: Client, backends: Backends, mails: Mails
) -> None:
    way_back = await changed(ana, api, mails)
    sign_up = """mutation ($email: String!, $password: String!, $handle: String!) {
        it: signUp(input: {email: $email, password: $password, handle: $handle}) { errors { code } } }"""

    first = (await api.ask(sign_up, email=OLD, password=PASSWORD, handle="thief"))["it"]

    assert first["errors"] == [{"code": "TAKEN"}]
    assert (await verify(api, way_back))["errors"] == []


async def test_after_the_week_the_former_address_is_free(ana: Client, api: Client, mails: Mails) -> None:
    way_back = await changed(ana, api, mails)
    sign_up = """mutation ($email: String!, $password: String!, $handle: String!) {
        it: signUp(input: {email: $email, password: $password, handle: $handle}) { errors { code } } }"""

    with later(days=7, hours=2):
        await purge_codes.work(mails.ctx)
        assert (await verify(api, way_back))["errors"] == EXPIRED
        assert (await api.ask(sign_up, email=OLD, password=PASSWORD, handle="zoe"))["it"]["errors"] == []


async def test_an_address_that_was_never_confirmed_has_no_way_back(ana: Client, api: Client, mails: Mails) -> None:
    await request(ana, NEW)

    await verify(api, await mails.code(NEW, "Confirm your new address"))

    assert await mails.subjects(OLD) == ["Confirm your address"]
