"""Finding out who has an account, by what is answered, done or mailed when a mail is asked for."""

from typing import Any
from uuid import UUID

import pytest

from core.backends import Backends
from core.statements import counted
from tests.client import Client
from tests.factories.mails import Mails
from tests.factories.sessions import account, enter, set_status

KNOWN, UNKNOWN = "ana@example.com", "nobody@example.com"
FORGOT = """mutation ($who: String!) {
    it: requestPasswordReset(input: {identifier: $who}) { nextRequestAt errors { code message path } } }"""
REQUEST = """mutation ($email: String!) {
    it: requestEmailVerification(input: {email: $email}) { errors { code } account { pendingEmail } } }"""


@pytest.fixture
async def ana(backends: Backends) -> UUID:
    return await account(backends.db, handle="ana.lima", email=KNOWN)


async def forgot(api: Client, who: str) -> tuple[Any, list[str]]:
    """The answer without its moment, and the statements behind it."""
    with counted() as statements:
        answer = await api.send(FORGOT, who=who)
    found = answer.json()["data"]["it"]
    assert found.pop("nextRequestAt")
    return (answer.status_code, found, sorted(answer.headers.keys())), statements.statements


@pytest.mark.parametrize(
    ("known", "unknown"), [(KNOWN, UNKNOWN), ("ana.lima", "nobody.here"), ("ana.lima", "ana.lim4")]
)
async def test_a_forgotten_password_takes_the_same_answer_and_statements_for_nobody(
    api: Client, ana: UUID, known: str, unknown: str
) -> None:
    await forgot(api, known)

    assert await forgot(api, known) == await forgot(api, unknown)


async def test_the_mails_that_are_too_many_change_nothing_either(api: Client, ana: UUID, mails: Mails) -> None:
    await forgot(api, KNOWN)

    found = [await forgot(api, KNOWN) for _ in range(5)]

    nobody = await forgot(api, UNKNOWN)
    assert all(each == nobody for each in found)
    assert (await mails.subjects(KNOWN)).count("Set a new password") == 3


@pytest.mark.parametrize("status", ["DELETED", "SUSPENDED", "DEACTIVATED"])
async def test_the_state_of_an_account_is_not_told(api: Client, backends: Backends, ana: UUID, status: str) -> None:
    before = await forgot(api, KNOWN)
    before = await forgot(api, KNOWN)
    await set_status(backends.db, ana, status)

    assert await forgot(api, KNOWN) == before


async def test_nobody_is_mailed_but_who_has_an_account(api: Client, ana: UUID, mails: Mails) -> None:
    for who in (UNKNOWN, "nobody.here", KNOWN):
        await forgot(api, who)

    assert {each["To"] for each in await mails.sent()} == {KNOWN}


async def test_an_address_somebody_has_already_is_asked_for_like_any_other(
    api: Client, backends: Backends, ana: UUID
) -> None:
    ben = await account(backends.db, handle="ben", email="ben@example.com")
    client = api.signed_in((await enter(backends, ben)).access_token)
    await client.ask(REQUEST, email="first@example.com")
    seen = []

    for email in (KNOWN, UNKNOWN):
        with counted() as statements:
            found = (await client.ask(REQUEST, email=email))["it"]
        seen.append((found["errors"], found["account"]["pendingEmail"] == email, statements.statements))

    assert seen[0] == seen[1]
