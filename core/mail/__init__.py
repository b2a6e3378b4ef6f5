"""Mail: one port (`port`), how a mail is written (`message`), an SMTP server (`smtp`) or a local folder behind it."""

from core.mail.opening import open_mail
from core.mail.port import Mail, Mailer, Undeliverable

__all__ = ["Mail", "Mailer", "Undeliverable", "open_mail"]
