"""Captchas: whether somebody solved what a service of that kind showed them."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import orjson

from core import telemetry
from core.settings import Settings

VERIFY_SECONDS: Final = 3
LARGEST_ANSWER: Final = 65_536

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Captcha:
    """A service that checks solutions: hCaptcha, reCAPTCHA and Turnstile all do it by the same form.

    `provider` and `site_key` are what a client needs to show one; see `CaptchaRequiredError`.
    """

    provider: str
    site_key: str
    url: str
    secret: str

    async def is_solved(self, response: str, address: str) -> bool:
        """Ask the service about a response that the client got from its widget.

        While the service is away everybody passes, in 3 seconds at most: the rate limits hold without it.
        """
        form = {"secret": self.secret, "response": response, "remoteip": address}
        try:
            async with asyncio.timeout(VERIFY_SECONDS), httpx2.AsyncClient(timeout=VERIFY_SECONDS) as http:
                answer = await http.post(self.url, data=form)
            told: Any = orjson.loads(answer.raise_for_status().content[:LARGEST_ANSWER])
        except (httpx2.HTTPError, OSError, TimeoutError, ValueError) as error:
            log.warning("captcha not checked", error=type(error).__name__)
            return True
        return isinstance(told, dict) and told.get("success") is True


def open_captcha(settings: Settings) -> Captcha | None:
    """The service the settings name; None without one, `ValueError` for half a setting."""
    given = (settings.captcha_provider, settings.captcha_site_key, settings.captcha_url, settings.captcha_secret)
    if not any(given):
        return None
    provider, site_key, url, secret = given
    if not (provider and site_key and url and secret):
        raise ValueError("set all of APERTURE_CAPTCHA_PROVIDER, _SITE_KEY, _URL and _SECRET, or none")
    return Captcha(provider, site_key, url, secret.get_secret_value())
