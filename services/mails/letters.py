"""Mails before they are sent: which text, in whose language, with which link and code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Final
from urllib.parse import quote

from core.settings import Settings
from services.mail_codes import MailCode
from services.mails import english, paper
from services.mails.people import Person

LANGUAGES: Final[Mapping[str, ModuleType]] = {"en": english}
"""The languages mails are written in; everybody else gets English."""

_PAGES: Final = {
    "VERIFY_EMAIL": "verify-email",
    "CHANGE_EMAIL": "verify-email",
    "RESTORE_EMAIL": "restore-email",
    "RESET_PASSWORD": "reset-password",
}
# Anybody can have these sent to an address: nothing that they chose stands in them.
_TO_STRANGERS: Final = frozenset(["VERIFY_EMAIL", "CHANGE_EMAIL", "ADDRESS_IN_USE"])
# Devices are called as their clients say: no mail program makes a link of what is left.
_NO_NAME: Final = re.compile(r"[^\w '()-]+")
_LONGEST_NAME: Final = 60
_FORGOTTEN: Final = "forgot-password"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says."""

    subject: str
    text: str
    html: str


def write(
    settings: Settings, kind: str, person: Person, facts: Mapping[str, object], code: MailCode | None = None
) -> Letter:
    """The mail of one kind to a person: a purpose of codes, or the name of an event.

    Of the facts it needs `when`, and of a session `device` and `place`.
    """
    words = LANGUAGES.get(person.language.partition("-")[0], english)
    text: english.Text = words.TEXTS[kind]
    known = _known(words, person, facts) | {"name": settings.name}
    parts = paper.Parts(
        greeting=words.GREETING_OF_STRANGERS if kind in _TO_STRANGERS else words.GREETING.format(**known),
        paragraphs=[each.format(**known) for each in text.paragraphs],
        link=_link(settings, code) if text.link else None,
        link_text=text.link,
        before_code=words.BEFORE_CODE,
        code=str(code) if code else None,
        farewell=words.FAREWELL.format(**known),
    )
    return Letter(f"{settings.name}: {text.subject}", paper.plain(parts), paper.html(parts))


def _known(words: ModuleType, person: Person, facts: Mapping[str, object]) -> dict[str, object]:
    """What the text can be filled with, in words."""
    place = facts.get("place")
    return {
        "handle": person.handle,
        "when": _moment(facts.get("when")),
        "deletion": _moment(person.deletion_scheduled_for),
        "device": _NO_NAME.sub(" ", str(facts.get("device") or ""))[:_LONGEST_NAME].strip() or words.UNKNOWN_DEVICE,
        "place": words.PLACE.format(place=place) if place else words.UNKNOWN_PLACE,
    }


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if isinstance(moment, datetime) else ""


def _link(settings: Settings, code: MailCode | None) -> str:
    """A page of the web client. What follows the # stays in the browser: no server logs it, no page passes it on."""
    if code is None:
        return f"{settings.pages_url}/{_FORGOTTEN}"
    return f"{settings.pages_url}/{_PAGES[code.purpose]}#code={quote(str(code))}"
