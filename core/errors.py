"""What the API says no with: refusals a person can put right, and errors of the transport."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

Path = tuple[str, ...]
T = TypeVar("T")


class Refusal(Exception):
    """Something the person can put right; a mutation answers it as a `UserError`, and nothing was changed."""

    def __init__(self, code: str, message: str, path: Path = (), *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.is_retryable = is_retryable


def unless_refused(outcome: T | Refusal) -> T:
    """The outcome of a verb that had to write its refusal down, such as a try that counts: raise it once committed."""
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


class Refusals(Refusal):
    """Several refusals of one call, told together."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        super().__init__(reasons[0].code, reasons[0].message, reasons[0].path)
        self.reasons = tuple(reasons)


class Invalid(Refusal):
    """A value breaks a rule of its place; `constraint` and `limit` name the rule if it stands in the contract."""

    def __init__(
        self, code: str, message: str, path: Path, *, constraint: str | None = None, limit: float | None = None
    ) -> None:
        super().__init__(code, message, path)
        self.constraint = constraint
        self.limit = limit


class NotFound(Refusal):
    """Missing and hidden look the same to the viewer."""

    def __init__(self, path: Path = (), *, id: str | None = None) -> None:
        super().__init__("NOT_FOUND", "There is no such thing, or you may not see it.", path)
        self.id = id


class NotAllowed(Refusal):
    """The viewer may see it but not do this; `reason` is a `NotAllowedReason`."""

    def __init__(self, reason: str, message: str, path: Path = ()) -> None:
        super().__init__("NOT_ALLOWED", message, path)
        self.reason = reason


class Conflict(Refusal):
    """It collides with something; `suggestions` would be accepted instead."""

    def __init__(self, code: str, message: str, path: Path = (), suggestions: Sequence[str] = ()) -> None:
        super().__init__(code, message, path)
        self.suggestions = tuple(suggestions)


class LimitReached(Refusal):
    """The account has as many of these as it may have."""

    def __init__(self, message: str, limit: int, path: Path = ()) -> None:
        super().__init__("LIMIT_REACHED", message, path)
        self.limit = limit


class RateLimited(Refusal):
    """Too many calls; the next one may succeed at `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("RATE_LIMITED", "Too many calls in a short time. Wait a moment.", is_retryable=True)
        self.retry_at = retry_at


class BadCredentials(Refusal):
    """The name, password, token or code is wrong; which of them is never told. `code` may be CODE_EXPIRED.

    `remaining_attempts` says how many tries are left before a pause, where that is told.
    """

    def __init__(
        self,
        message: str = "The name or password is wrong.",
        path: Path = (),
        *,
        code: str = "INVALID_CREDENTIALS",
        remaining_attempts: int | None = None,
    ) -> None:
        super().__init__(code, message, path)
        self.remaining_attempts = remaining_attempts


class ReauthenticationRequired(Refusal):
    """The session has to prove again who is at the device; `methods` are each a `ReauthenticationMethod`."""

    def __init__(self, methods: Sequence[str]) -> None:
        super().__init__("REAUTHENTICATION_REQUIRED", "Prove first that it is you.")
        self.methods = tuple(methods)


class CaptchaRequired(Refusal):
    """Somebody at this network does what machines do; the same call succeeds with the response of a solved captcha."""

    def __init__(self, provider: str, site_key: str, path: Path) -> None:
        super().__init__("CAPTCHA_REQUIRED", "Show first that you are not a machine.", path)
        self.provider = provider
        self.site_key = site_key


class MediaRefused(Refusal):
    """An upload cannot be used; `code` is MEDIA_NOT_READY or MEDIA_REJECTED."""

    def __init__(self, code: str, message: str, path: Path = (), upload_id: tuple[UUID, UUID] | None = None) -> None:
        super().__init__(code, message, path, is_retryable=code == "MEDIA_NOT_READY")
        self.upload_id = upload_id


class IdempotencyMismatch(Refusal):
    """The key was used before with another input."""

    def __init__(self) -> None:
        message = "This key was used before with a different input."
        super().__init__("IDEMPOTENCY_MISMATCH", message, ("input", "idempotencyKey"))


class Unavailable(Refusal):
    """A part of the service is down; the same call may succeed in a moment."""

    def __init__(self, message: str = "A part of the service is down. Try again in a moment.") -> None:
        super().__init__("UNAVAILABLE", message, is_retryable=True)


class ApiError(Exception):
    """An error for the top level of an answer; `code` is one of the list in the schema's conventions."""

    def __init__(self, code: str, message: str, extensions: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = dict(extensions or {})


class BadInput(ApiError):
    """An argument outside a mutation's input makes no sense, such as a cursor of another list."""

    def __init__(self, message: str) -> None:
        super().__init__("BAD_USER_INPUT", message)
