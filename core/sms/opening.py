"""The way to send text messages that the settings choose."""

from core.letterbox import Letterbox
from core.settings import Settings
from core.sms.folder import FolderTexter
from core.sms.gateway import GatewayTexter
from core.sms.port import Texter


def open_sms(settings: Settings) -> Texter | None:
    """A gateway where one is named, else a folder; None if nothing is set. `ValueError` for half a setting."""
    if settings.sms_url is not None:
        if settings.sms_key is None:
            raise ValueError("set APERTURE_SMS_KEY beside APERTURE_SMS_URL")
        return GatewayTexter(settings.sms_url, settings.sms_key.get_secret_value())
    return FolderTexter(Letterbox(settings.letterbox)) if settings.letterbox else None
