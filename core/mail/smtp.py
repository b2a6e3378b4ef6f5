"""Mail by an SMTP server: one encrypted connection for each mail, with a deadline."""

import asyncio
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from core.errors import Unavailable
from core.mail.message import compose, sender_of
from core.mail.port import SEND_SECONDS, Mail, Undeliverable

_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_FOR_GOOD: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server. `security` is smtps (TLS from the start), smtp (STARTTLS, never without) or smtp+plain."""

    security: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `smtp://user:password@host:port`; what cannot be meant raises `ValueError`."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("APERTURE_MAIL_URL is smtps://…, smtp://… or smtp+plain://…")
        user, password = (unquote(each) if each else None for each in (parts.username, parts.password))
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password)


class SmtpMailer:
    """Hands mails to a server, which delivers them."""

    def __init__(self, server: Server, sender: str) -> None:
        sender_of(sender)
        self._server = server
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        message = compose(mail, self._sender)
        try:
            async with asyncio.timeout(SEND_SECONDS), self._connection() as connection:
                await connection.send_message(message)
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            if _is_for_good(error):
                raise Undeliverable("the server does not take it") from error
            raise Unavailable from error
        except (SMTPException, OSError, TimeoutError) as error:
            raise Unavailable from error

    def _connection(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.security == "smtps",
            start_tls=server.security == "smtp",
            timeout=SEND_SECONDS,
        )


def _is_for_good(error: SMTPRecipientsRefused | SMTPDataError) -> bool:
    if isinstance(error, SMTPResponseException):
        return error.code in _FOR_GOOD
    return all(each.code in _FOR_GOOD for each in error.recipients)
