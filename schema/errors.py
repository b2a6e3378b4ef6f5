"""The contract's errors, and how a refusal becomes one of them."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from core import errors
from core.ids import UploadId
from schema import nodes
from schema.context import Context
from schema.fields import batched
from schema.nodes import Node

if TYPE_CHECKING:
    from schema.uploads import Upload


@strawberry.enum
class UserErrorCode(enum.Enum):
    REQUIRED = "REQUIRED"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_FEW = "TOO_FEW"
    TOO_MANY = "TOO_MANY"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    BAD_FORMAT = "BAD_FORMAT"
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    TAKEN = "TAKEN"
    CONFLICT = "CONFLICT"
    LIMIT_REACHED = "LIMIT_REACHED"
    RATE_LIMITED = "RATE_LIMITED"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    CODE_EXPIRED = "CODE_EXPIRED"
    REAUTHENTICATION_REQUIRED = "REAUTHENTICATION_REQUIRED"
    CAPTCHA_REQUIRED = "CAPTCHA_REQUIRED"
    ACCOUNT_RESTRICTED = "ACCOUNT_RESTRICTED"
    MEDIA_NOT_READY = "MEDIA_NOT_READY"
    MEDIA_REJECTED = "MEDIA_REJECTED"
    UNAVAILABLE = "UNAVAILABLE"


@strawberry.enum
class NotAllowedReason(enum.Enum):
    NOT_OWNER = "NOT_OWNER"
    PRIVATE_ACCOUNT = "PRIVATE_ACCOUNT"
    BLOCKED_BY_VIEWER = "BLOCKED_BY_VIEWER"
    AUDIENCE = "AUDIENCE"
    COMMENTS_OFF = "COMMENTS_OFF"


@strawberry.interface
class UserError:
    code: UserErrorCode
    message: str
    path: list[str] | None
    is_retryable: bool


@strawberry.type
class ValidationError(UserError):
    constraint: str | None
    limit: float | None


@strawberry.type
class NotFoundError(UserError):
    id: strawberry.ID | None


@strawberry.type
class NotAllowedError(UserError):
    reason: NotAllowedReason


@strawberry.type
class ConflictError(UserError):
    existing: Node | None
    suggestions: list[str]


@strawberry.type
class LimitReachedError(UserError):
    limit: int


@strawberry.type
class RateLimitedError(UserError):
    retry_at: datetime


@strawberry.enum
class ReauthenticationMethod(enum.Enum):
    PASSWORD = "PASSWORD"  # noqa: S105 - the name of a proof
    TOTP = "TOTP"
    PROVIDER = "PROVIDER"


@strawberry.type
class CredentialsError(UserError):
    remaining_attempts: int | None


@strawberry.type
class ReauthenticationRequiredError(UserError):
    methods: list[ReauthenticationMethod]


@strawberry.type
class CaptchaRequiredError(UserError):
    provider: str
    site_key: str


@strawberry.type
class MediaError(UserError):
    upload_id: strawberry.Private[UploadId | None]

    @batched
    async def upload(
        parents: list["MediaError"], ctx: Context
    ) -> list[Annotated["Upload", strawberry.lazy("schema.uploads")] | None]:
        ids = [each.upload_id for each in parents if each.upload_id]
        found = dict(zip(ids, await nodes.load(ctx, ids), strict=True))
        return [found[each.upload_id] if each.upload_id else None for each in parents]


@strawberry.type
class GenericError(UserError):
    pass


ERROR_TYPES = (
    ValidationError,
    NotFoundError,
    NotAllowedError,
    ConflictError,
    LimitReachedError,
    RateLimitedError,
    CredentialsError,
    ReauthenticationRequiredError,
    CaptchaRequiredError,
    MediaError,
    GenericError,
)
"""What the schema has to be told of, since nothing names these types but their interface."""


def as_user_errors(refusal: errors.Refusal) -> list[UserError]:
    """The errors of a payload: one, or each of several told together."""
    if isinstance(refusal, errors.Refusals):
        return [as_user_error(each) for each in refusal.reasons]
    return [as_user_error(refusal)]


def as_user_error(refusal: errors.Refusal) -> UserError:
    """The contract's type for one refusal; a kind without a type of its own is a `GenericError`."""
    error, own = _OWN.get(type(refusal), (GenericError, _nothing))
    return error(
        code=UserErrorCode(refusal.code),
        message=refusal.message,
        path=list(refusal.path) or None,
        is_retryable=refusal.is_retryable,
        **own(refusal),
    )


def _nothing(_: Any) -> dict[str, Any]:
    return {}


_OWN: dict[type[errors.Refusal], tuple[type[UserError], Callable[[Any], dict[str, Any]]]] = {
    errors.Invalid: (ValidationError, lambda it: {"constraint": it.constraint, "limit": it.limit}),
    errors.NotFound: (NotFoundError, lambda it: {"id": it.id}),
    errors.NotAllowed: (NotAllowedError, lambda it: {"reason": NotAllowedReason(it.reason)}),
    errors.Conflict: (ConflictError, lambda it: {"existing": None, "suggestions": list(it.suggestions)}),
    errors.LimitReached: (LimitReachedError, lambda it: {"limit": it.limit}),
    errors.RateLimited: (RateLimitedError, lambda it: {"retry_at": it.retry_at}),
    errors.BadCredentials: (CredentialsError, lambda it: {"remaining_attempts": it.remaining_attempts}),
    errors.ReauthenticationRequired: (
        ReauthenticationRequiredError,
        lambda it: {"methods": [ReauthenticationMethod(each) for each in it.methods]},
    ),
    errors.CaptchaRequired: (CaptchaRequiredError, lambda it: {"provider": it.provider, "site_key": it.site_key}),
    errors.MediaRefused: (MediaError, lambda it: {"upload_id": it.upload_id and UploadId(*it.upload_id)}),
}
