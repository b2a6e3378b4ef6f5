"""What is asked of those who do too much of what machines do: first nothing, then a captcha, in the end to wait."""

from typing import Final

from core.backends import Backends
from core.buckets import Claim, network_of
from core.errors import CaptchaRequired, Path

WINDOW_SECONDS: Final = 3600


async def require_human(
    backends: Backends, deed: str, address: str, response: str | None, path: Path, *, free: int
) -> None:
    """Raise `CaptchaRequired` for deeds of one network beyond the `free` ones of an hour that come without a solution.

    Where no captcha is set up the rate limits are all there is.
    """
    captcha, factor = backends.captcha, backends.settings.rate_limit_factor
    if captcha is None or not factor:
        return
    claim = Claim(f"address:{network_of(address)}/unproven:{deed}", free * factor, WINDOW_SECONDS)
    if await backends.buckets.take([claim]) is None:
        return
    if not response or not await captcha.is_solved(response, address):
        raise CaptchaRequired(captcha.provider, captcha.site_key, path)
