"""A mail as it travels: headers nobody can add lines to, plain text, and the same in HTML."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from hashlib import sha256
from typing import Final

from email_validator import EmailNotValidError, validate_email

from core import clock
from core.mail.port import Mail, Undeliverable

MAX_SUBJECT: Final = 200

# Controls, line separators, marks that turn the direction of what follows, and halves of characters.
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
# The library decodes these wherever they stand, and what is hidden in them may begin a line.
_ENCODED_WORD: Final = "=?"


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message of a mail; its id depends on the mail's key alone. `Undeliverable` if `to` is no address."""
    whom, origin = _address("", mail.to), sender_of(sender)
    policy = SMTP if f"{whom.addr_spec}{origin.addr_spec}".isascii() else SMTPUTF8
    message = EmailMessage(policy=policy)
    message["From"] = origin
    message["To"] = whom
    message["Subject"] = one_line(mail.subject)[:MAX_SUBJECT]
    message["Date"] = clock.now()
    message["Message-ID"] = f"<{sha256(mail.key.encode()).hexdigest()[:40]}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def sender_of(text: str) -> Address:
    """The sender that an operator has set, as `Name <address>` or an address alone; `ValueError` if it is neither."""
    name, address = parseaddr(text)
    try:
        return _address(name, address)
    except Undeliverable:
        raise ValueError("APERTURE_MAIL_SENDER is not an address") from None


def one_line(text: str) -> str:
    """The text with a space wherever something could begin a line, hide a line, or turn the direction of the rest."""
    return _UNPRINTABLE.sub(" ", text).replace(_ENCODED_WORD, "= ?").strip()


def _address(name: str, text: str) -> Address:
    try:
        known = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise Undeliverable("this is no address") from None
    return Address(one_line(name), known.local_part, known.ascii_domain)
