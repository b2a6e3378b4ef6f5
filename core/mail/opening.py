"""The way to send mail that the settings choose."""

from core.letterbox import Letterbox
from core.mail.folder import FolderMailer
from core.mail.port import Mailer
from core.mail.smtp import Server, SmtpMailer
from core.settings import Settings

_NOBODY = "Aperture <no-reply@example.org>"


def open_mail(settings: Settings) -> Mailer | None:
    """An SMTP server where one is named, else a folder; None if nothing is set. `ValueError` for half a setting."""
    if settings.mail_url is not None:
        if settings.mail_sender is None:
            raise ValueError("set APERTURE_MAIL_SENDER beside APERTURE_MAIL_URL")
        return SmtpMailer(Server.parse(settings.mail_url.get_secret_value()), settings.mail_sender)
    folder = settings.letterbox
    return FolderMailer(Letterbox(folder), settings.mail_sender or _NOBODY) if folder else None
