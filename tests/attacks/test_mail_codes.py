"""Codes of mails: guessed, made up, bent, used for something else, used twice, and led elsewhere."""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import pytest

from core.backends import Backends
from core.ids import new_uuid
from core.settings import Settings
from core.statements import counted
from services import mail_codes
from services.mail_codes import MailCode, Purpose
from tests.client import Client, serving
from tests.factories.mails import Mails, text
from tests.factories.sessions import account, enter

EMAIL, FRESH = "ana@example.com", "seven quiet lanterns 8"
RESET = """mutation ($code: String!, $password: String!) {
    it: resetPassword(input: {code: $code, newPassword: $password}) { wasReset errors { code path } } }"""
VERIFY = "mutation ($code: String!) { it: verifyEmail(input: {code: $code}) { verifiedEmail errors { code path } } }"
FORGOT = """mutation ($who: String!) {
    it: requestPasswordReset(input: {identifier: $who}) { nextRequestAt errors { code } } }"""
WRONG = [{"code": "INVALID_CREDENTIALS", "path": ["input", "code"]}]
EXPIRED = [{"code": "CODE_EXPIRED", "path": ["input", "code"]}]


async def reset(api: Client, code: str, password: str = FRESH) -> Any:
    return (await api.ask(RESET, code=code, password=password))["it"]


async def verify(api: Client, code: str) -> Any:
    return (await api.ask(VERIFY, code=code))["it"]


@pytest.fixture
async def ana(backends: Backends) -> UUID:
    return await account(backends.db, email=EMAIL)


@pytest.fixture
async def code(api: Client, ana: UUID, mails: Mails) -> str:
    """A code that would set Ana's password."""
    await api.ask(FORGOT, who=EMAIL)
    return await mails.code(EMAIL, "Set a new password")


def forged(user_id: UUID, code_id: UUID, tag: bytes = bytes(16)) -> str:
    """A code whose ids are known and whose proof is made up."""
    return f"pwd_{urlsafe_b64encode(user_id.bytes + code_id.bytes + tag).decode()}"


async def test_a_changed_code_is_wrong_wherever_it_is_changed(api: Client, code: str) -> None:
    bent = [code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :] for at in range(len(code))]

    found = [await reset(api, each) for each in bent[:8] + bent[20:28] + bent[-8:]]

    assert all(each["errors"] == WRONG for each in found)
    assert (await reset(api, code))["wasReset"]


@pytest.mark.parametrize(
    "text", ["", "pwd_", "pwd", "_", "000000", "pwd_000000", "pwd_" + "A" * 64, "ꜰ" * 200, "pwd_" + "=" * 64]
)
async def test_what_was_never_a_code_is_wrong_without_a_statement(api: Client, ana: UUID, text: str) -> None:
    with counted() as statements:
        found = [await reset(api, text), await verify(api, text)]

    assert [each["errors"] for each in found] == [WRONG, WRONG]
    assert len(statements) == 0


async def test_who_knows_all_ids_still_has_to_guess_128_bits(api: Client, ana: UUID, code: str) -> None:
    known = MailCode.parse(code, ["RESET_PASSWORD"], ())

    guesses = [await reset(api, forged(ana, known.id, bytes([number]) * 16)) for number in range(20)]

    assert [each["errors"] for each in guesses] == [WRONG] * 20
    assert (await reset(api, code))["wasReset"]


async def test_guesses_are_few(config: Settings, ana: UUID) -> None:
    async with serving(config.model_copy(update={"rate_limit_factor": 1.0})) as api:
        codes = [forged(ana, new_uuid()) for _ in range(11)]
        found = [(await reset(api, each))["errors"][0]["code"] for each in codes]

    assert found == ["INVALID_CREDENTIALS"] * 10 + ["RATE_LIMITED"]


@pytest.mark.parametrize("purpose", ["VERIFY_EMAIL", "CHANGE_EMAIL", "RESTORE_EMAIL"])
async def test_a_code_of_one_purpose_serves_no_other(
    api: Client, backends: Backends, ana: UUID, purpose: Purpose
) -> None:
    code_id = await backends.db.write(lambda tx: mail_codes.issue(tx, ana, purpose, EMAIL))
    code = str(MailCode(purpose, ana, code_id))

    renamed = f"pwd_{code.partition('_')[2]}"

    assert (await reset(api, code))["errors"] == WRONG
    assert (await reset(api, renamed))["errors"] == WRONG


async def test_a_code_to_set_a_password_proves_no_address_by_itself(api: Client, code: str) -> None:
    assert (await verify(api, code))["errors"] == WRONG


async def test_a_code_of_one_person_does_nothing_to_another(api: Client, backends: Backends, code: str) -> None:
    ben = await account(backends.db, handle="ben", email="ben@example.com")
    stolen = MailCode.parse(code, ["RESET_PASSWORD"], ())

    found = await reset(api, str(MailCode("RESET_PASSWORD", ben, stolen.id)))

    assert found["errors"] == EXPIRED


async def test_of_two_at_once_one_sets_the_password(api: Client, code: str) -> None:
    found = await asyncio.gather(*(reset(api, code, f"{FRESH} {number}") for number in range(4)))

    assert sorted(bool(each["wasReset"]) for each in found) == [False, False, False, True]


async def test_a_code_outlives_no_change_of_address(
    api: Client, backends: Backends, ana: UUID, mails: Mails, code: str
) -> None:
    client = api.signed_in((await enter(backends, ana)).access_token)
    await client.ask('mutation { requestEmailVerification(input: {email: "ana@example.net"}) { errors { code } } }')
    await verify(api, await mails.code("ana@example.net", "Confirm your new address"))

    assert (await reset(api, code))["errors"] == EXPIRED


async def test_another_installation_makes_no_codes(config: Settings, api: Client, code: str) -> None:
    known = MailCode.parse(code, ["RESET_PASSWORD"], ())
    elsewhere = forged(known.user_id, known.id, hmac.digest(b"another secret", known.body, "sha256")[:16])

    assert (await reset(api, elsewhere))["errors"] == WRONG


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost:8000@evil.example"])
async def test_links_lead_where_the_operator_says_whatever_a_request_says(
    api: Client, ana: UUID, mails: Mails, host: str
) -> None:
    headers = {"host": host, "x-forwarded-host": host, "origin": f"https://{host}", "referer": f"https://{host}/"}
    body = {"query": FORGOT, "variables": {"who": EMAIL}}

    await api.http.post("/graphql", json=body, headers=headers)

    assert all("evil" not in text(each) for each in await mails.sent())


async def test_a_code_in_a_link_reaches_no_server(api: Client, mails: Mails, code: str) -> None:
    mail = next(each for each in await mails.sent(EMAIL) if "password" in each["Subject"])

    (link,) = [line for line in text(mail).splitlines() if line.startswith("http")]

    assert code not in link.partition("#")[0]
    assert code in link.partition("#")[2]


async def test_ten_megabytes_of_password_are_not_read(api: Client, code: str) -> None:
    body = {"query": RESET, "variables": {"code": code, "password": "x" * 10_000_000}}

    answer = await api.http.post("/graphql", json=body)

    assert answer.status_code == 413
    assert (await reset(api, code))["wasReset"]


async def test_a_password_too_long_is_refused_before_it_is_hashed(api: Client, code: str) -> None:
    with counted() as statements:
        found = await reset(api, code, "ab" * 5000)

    assert found["errors"] == [{"code": "TOO_LONG", "path": ["input", "newPassword"]}]
    assert len(statements) == 0
