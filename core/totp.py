"""One-time codes that go by the time: six digits, new every thirty seconds (RFC 6238)."""

import hmac
from typing import Final

from pyotp import TOTP, random_base32

from core import clock

STEP_SECONDS: Final = 30
_SECRET_CHARACTERS: Final = 32


def new_secret() -> str:
    """160 random bits, as people type them into an app."""
    return random_base32(_SECRET_CHARACTERS)


def address_of(secret: str, label: str, issuer: str) -> str:
    """The `otpauth://` address that apps read from a picture."""
    return TOTP(secret).provisioning_uri(name=label, issuer_name=issuer)


def step_of(secret: str, code: str, after: int | None) -> int | None:
    """The step whose code this is: the one that runs or the one before it, and later than `after`; else None.

    Each code is good once where the step it had is the next one's `after`, whatever becomes of the clock.
    """
    app = TOTP(secret)
    running = int(clock.now().timestamp()) // STEP_SECONDS
    given = code.encode("utf-8", "surrogatepass")
    # Both are compared, so that the time taken does not tell which of them it was.
    fitting = [step for step in (running - 1, running) if hmac.compare_digest(_code(app, step), given)]
    return max((step for step in fitting if after is None or step > after), default=None)


def code_at(secret: str, step: int) -> str:
    """What an app shows in a step."""
    return TOTP(secret).at(step * STEP_SECONDS)


def _code(app: TOTP, step: int) -> bytes:
    return app.at(step * STEP_SECONDS).encode()
