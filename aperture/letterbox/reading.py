"""Messages of the letterbox, read back as a person would see them."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import Final

import orjson
from markupsafe import Markup, escape

from core.letterbox import Letterbox

SHOWN: Final = 100
"""How many of the newest are listed."""

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class Message:
    """A mail, or a text message, which has neither subject nor date."""

    name: str
    to: str
    subject: str
    sent_at: datetime | None
    text: str

    @property
    def links(self) -> list[str]:
        """The addresses in it."""
        return _ADDRESS.findall(self.text)

    @property
    def body(self) -> Markup:
        """The text with links that work; everything else in it is text."""
        pieces, at = [], 0
        for found in _ADDRESS.finditer(self.text):
            pieces += [escape(self.text[at : found.start()]), _link(found.group())]
            at = found.end()
        return Markup("").join([*pieces, escape(self.text[at:])])


async def newest(box: Letterbox) -> list[Message]:
    """The newest messages."""
    found = [await message(box, name) for name in (await box.names())[:SHOWN]]
    return [each for each in found if each is not None]


async def message(box: Letterbox, name: str) -> Message | None:
    """One message; None if there is none of this name."""
    content = await box.read(name)
    if content is None:
        return None
    return _mail(name, content) if name.endswith(".eml") else _sms(name, content)


def _mail(name: str, content: bytes) -> Message:
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body(("plain",))
    text = body.get_content().replace("\r\n", "\n") if body else ""
    return Message(name, str(mail["To"]), str(mail["Subject"]), mail["Date"].datetime, text)


def _sms(name: str, content: bytes) -> Message:
    sms = orjson.loads(content)
    return Message(name, sms["to"], "Text message", None, sms["text"])


def _link(address: str) -> Markup:
    return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(address)
