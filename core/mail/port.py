"""What every way to send mail can do, and what may go wrong with it."""

from dataclasses import dataclass
from typing import Final, Protocol

SEND_SECONDS: Final = 20
"""How long one mail may take, from the first packet to the server's word that it has it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person. Two with the same `key` are the same mail, sent a second time."""

    key: str
    to: str
    subject: str
    text: str
    html: str


class Undeliverable(Exception):
    """This address takes no mail, or not this one, now and later; trying again would change nothing."""


class Mailer(Protocol):
    """Sends mails. `Undeliverable` is about one mail; a server that is away raises `core.errors.Unavailable`."""

    async def send(self, mail: Mail) -> None:
        """Send a mail; it is out of our hands when this returns, which takes 20 seconds at most."""
