"""How a refusal of the services becomes an error of the contract."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from core import errors
from core.ids import UploadId
from schema import errors as told
from schema.errors import NotAllowedReason, UserErrorCode, as_user_errors

PATH = ("input", "handle")
SOON = datetime(2026, 3, 9, 17, 45, tzinfo=UTC)
UPLOAD = UploadId(UUID(int=1), UUID(int=2))


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "own"),
    [
        (
            errors.Invalid("TOO_LONG", "Shorter.", PATH, constraint="maxLength", limit=30),
            told.ValidationError,
            UserErrorCode.TOO_LONG,
            {"constraint": "maxLength", "limit": 30},
        ),
        (errors.NotFound(PATH, id="pst_x"), told.NotFoundError, UserErrorCode.NOT_FOUND, {"id": "pst_x"}),
        (
            errors.NotAllowed("COMMENTS_OFF", "Comments are off.", PATH),
            told.NotAllowedError,
            UserErrorCode.NOT_ALLOWED,
            {"reason": NotAllowedReason.COMMENTS_OFF},
        ),
        (
            errors.Conflict("TAKEN", "Taken.", PATH, ["ana_1"]),
            told.ConflictError,
            UserErrorCode.TAKEN,
            {"existing": None, "suggestions": ["ana_1"]},
        ),
        (errors.LimitReached("Enough.", 5, PATH), told.LimitReachedError, UserErrorCode.LIMIT_REACHED, {"limit": 5}),
        (errors.RateLimited(SOON), told.RateLimitedError, UserErrorCode.RATE_LIMITED, {"retry_at": SOON}),
        (errors.BadCredentials(), told.CredentialsError, UserErrorCode.INVALID_CREDENTIALS, {}),
        (
            errors.MediaRefused("MEDIA_NOT_READY", "Wait.", PATH, (UPLOAD.user_id, UPLOAD.id)),
            told.MediaError,
            UserErrorCode.MEDIA_NOT_READY,
            {"upload_id": UPLOAD},
        ),
        (errors.IdempotencyMismatch(), told.GenericError, UserErrorCode.IDEMPOTENCY_MISMATCH, {}),
        (errors.Unavailable(), told.GenericError, UserErrorCode.UNAVAILABLE, {}),
    ],
)
def test_each_kind_has_its_type(
    refusal: errors.Refusal, kind: type, code: UserErrorCode, own: dict[str, object]
) -> None:
    (error,) = as_user_errors(refusal)

    assert type(error) is kind
    assert (error.code, error.message, error.is_retryable) == (code, refusal.message, refusal.is_retryable)
    assert error.path == (list(refusal.path) or None)
    assert {name: getattr(error, name) for name in own} == own


def test_refusals_told_together_are_as_many_errors() -> None:
    together = errors.Refusals([errors.NotFound(("input", "a")), errors.NotFound(("input", "b"))])

    assert [each.path for each in as_user_errors(together)] == [["input", "a"], ["input", "b"]]


def test_every_error_type_of_the_contract_is_listed() -> None:
    implementing = {each for each in vars(told).values() if isinstance(each, type) and issubclass(each, told.UserError)}

    assert implementing - {told.UserError} == set(told.ERROR_TYPES)
