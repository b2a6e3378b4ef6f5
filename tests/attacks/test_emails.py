"""Addresses that look like another one, and mails that somebody else would get."""

import pytest

from core.backends import Backends
from services import emails
from tests.client import Client
from tests.factories.mails import Mails
from tests.factories.sessions import PASSWORD, account

SIGN_UP = """mutation ($email: String!, $password: String!) {
    it: signUp(input: {email: $email, handle: "thief", password: $password}) { errors { code path } } }"""
FORGOT = "mutation ($who: String!) { requestPasswordReset(input: {identifier: $who}) { errors { code } } }"
EMAIL = "mike@example.com"
SAME = [
    "MIKE@EXAMPLE.COM",
    "mi\u212ae@example.com",
    "\uff4dike@example.com",
    "mike@\uff45xample.com",
    "mike@example\u3002com",
    " mike@example.com",
]
OTHERS = ["m\u0131ke@example.com", "mike@examp1e.com", "mike+1@example.com", "m\u0456ke@example.com"]


@pytest.mark.parametrize("email", SAME)
async def test_no_second_account_has_an_address_that_is_the_same_in_normal_form(
    api: Client, backends: Backends, email: str
) -> None:
    await account(backends.db, email=EMAIL)

    done = (await api.ask(SIGN_UP, email=email, password=PASSWORD))["it"]

    assert done["errors"][0]["code"] in {"TAKEN", "BAD_FORMAT"}


@pytest.mark.parametrize("email", [*SAME, *OTHERS])
async def test_a_mail_goes_to_the_address_of_the_account_and_to_no_other_form_of_it(
    api: Client, backends: Backends, mails: Mails, email: str
) -> None:
    await account(backends.db, email=EMAIL)

    await api.ask(FORGOT, who=email)

    assert {each["To"] for each in await mails.sent()} == {EMAIL}


@pytest.mark.parametrize("email", OTHERS)
def test_addresses_of_other_mailboxes_are_others(email: str) -> None:
    assert emails.key_of(email) != emails.key_of(EMAIL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@bücher.de", "ana@xn--bcher-kva.de"),
        ("ana@BÜCHER.de", "ana@bu\u0308cher.de"),
        ("stra\u00dfe@example.com", "STRASSE@example.com"),
        ("a\u0301na@example.com", "\u00e1na@example.com"),
        ("\ufb01n@example.com", "FIN@example.com"),
    ],
)
def test_one_mailbox_has_one_key(one: str, other: str) -> None:
    assert emails.key_of(one) == emails.key_of(other) is not None


@pytest.mark.parametrize(
    "email",
    [
        "ana@example.com\r\nBcc: all@example.com",
        "ana@example.com\u2028",
        '"ana\r\nBcc: x"@example.com',
        "ana@example.com,ben@example.com",
        "Ana <ana@example.com>",
        "ana@[127.0.0.1]",
        "ana@localhost",
        f"{'a' * 300}@example.com",
    ],
)
async def test_no_account_has_an_address_that_is_more_than_one(api: Client, email: str) -> None:
    done = (await api.ask(SIGN_UP, email=email, password=PASSWORD))["it"]

    assert done["errors"][0]["path"] == ["input", "email"]
