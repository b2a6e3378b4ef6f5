"""What every way to send text messages can do, and what may go wrong with it."""

from dataclasses import dataclass
from typing import Final, Protocol

SEND_SECONDS: Final = 10
"""How long one message may take, until the gateway's word that it has it."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message; `to` is a number in the form +4915112345678. Two with the same `key` are the same message."""

    key: str
    to: str
    text: str


class Unreachable(Exception):
    """This number takes no message, now and later; trying again would change nothing."""


class Texter(Protocol):
    """Sends text messages. `Unreachable` is about one of them; a gateway that is away raises `Unavailable`."""

    async def send(self, sms: Sms) -> None:
        """Send a message; it is out of our hands when this returns, which takes 10 seconds at most."""
