"""What stands in mails, and what never does."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.ids import new_uuid
from core.settings import Settings, settings
from services.mail_codes import KINDS, MailCode
from services.mails import Letter, Person, write
from services.mails.letters import LANGUAGES

ANA = Person("ana.lima", "ana@example.com", is_verified=True, language="en", deletion_scheduled_for=None)
WHEN = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


def _photos() -> Settings:
    """An installation whose web client is elsewhere."""
    return settings().model_copy(update={"web_url": "https://photos.example.org/"})


def letter(kind: str, person: Person = ANA, **facts: Any) -> Letter:
    return write(_photos(), kind, person, {"when": WHEN, **facts})


@pytest.mark.parametrize("language", LANGUAGES.values())
def test_every_language_has_the_same_mails(language: Any) -> None:
    assert language.TEXTS.keys() == LANGUAGES["en"].TEXTS.keys()
    assert KINDS.keys() <= language.TEXTS.keys()


@pytest.mark.parametrize("language", ["en", "en-GB", "de", "xx", ""])
def test_everybody_gets_a_mail_they_may_read(language: str) -> None:
    person = Person("ana", "ana@example.com", is_verified=True, language=language, deletion_scheduled_for=WHEN)

    assert "Until 2026-11-21 20:15 UTC" in letter("AccountDeletionRequested", person).text


@pytest.mark.parametrize("kind", ["VERIFY_EMAIL", "CHANGE_EMAIL", "ADDRESS_IN_USE"])
def test_what_anybody_can_have_sent_to_a_stranger_has_none_of_their_words(kind: str) -> None:
    assert "ana.lima" not in letter(kind).text
    assert "Hello,\n" in letter(kind).text


@pytest.mark.parametrize(
    "device",
    [
        "https://evil.example/log-in",
        "Phone www.evil.example",
        "<a href='https://evil.example'>x</a>",
        "mail evil@evil.example",
        "x\r\n\r\nA paragraph of my own",
        "{handle.__class__}",
    ],
)
def test_the_name_of_a_device_becomes_no_link_and_no_line(device: str) -> None:
    mail = letter("UnusualLogIn", device=device, place="Lisbon, Portugal")

    (line,) = [line for line in mail.text.splitlines() if "somebody logged in on" in line]
    assert line.endswith("near Lisbon, Portugal.")
    assert not any(sign in mail.text for sign in ("evil.example", "@", "<", "{"))
    assert mail.html.count("<a href") == 1


def test_html_holds_what_people_are_called_as_text() -> None:
    person = Person("<b>ana</b>", "ana@example.com", is_verified=True, language="en", deletion_scheduled_for=None)

    assert "&lt;b&gt;ana&lt;/b&gt;" in letter("PasswordChanged", person).html


def test_links_lead_to_the_web_client_with_the_code_behind_the_hash() -> None:
    code = MailCode("RESET_PASSWORD", new_uuid(), new_uuid())

    mail = write(
        _photos(),
        "RESET_PASSWORD",
        ANA,
        {"when": WHEN},
        code,
    )

    assert f"https://photos.example.org/reset-password#code={code}" in mail.text
    assert "https://photos.example.org/forgot-password" in letter("PasswordChanged").text
