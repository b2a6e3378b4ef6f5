"""Codes in text messages: six digits that follow from the id of the code, so that nothing secret is stored."""

import hmac
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from core import clock
from core.sealing import macs
from core.settings import Settings

DIGITS: Final = 6

_PURPOSE: Final = "text codes"


def digits(user_id: UUID, code_id: UUID) -> str:
    """The code as it is sent."""
    return _all_digits(user_id, code_id)[0]


def is_sent(user_id: UUID, code_id: UUID | None, until: datetime | None, text: str) -> bool:
    """Whether this is the code of that id, and works still."""
    if code_id is None or until is None or until <= clock.now():
        return False
    given = text.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(each.encode(), given) for each in _all_digits(user_id, code_id))


def message(settings: Settings, code: str) -> str:
    """What is sent; by the last line phones offer the code to our own pages alone."""
    host = urlsplit(settings.public_url).hostname
    return f"{code} is your {settings.name} code. Give it to nobody.\n\n@{host} #{code}"


def _all_digits(user_id: UUID, code_id: UUID) -> list[str]:
    """The code by the installation's secret, then by those before it."""
    made = macs(_PURPOSE, user_id.bytes + code_id.bytes)
    return [f"{int.from_bytes(each) % 10**DIGITS:0{DIGITS}}" for each in made]
