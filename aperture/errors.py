"""What an error looks like at the top of an answer: a code of the contract, a plain sentence, the request's id."""

import random
from collections.abc import Iterable
from typing import Any, Final

from graphql import GraphQLError

from core import telemetry
from core.errors import ApiError, RateLimited, Refusal
from core.metrics import ERRORS as ERRORS_TOLD

ERRORS: Final = 10
# Several, so that not all clients come back at once.
RETRY_SECONDS: Final = (1, 2, 3)
MASK: Final = "Something went wrong."
LONGEST: Final = 500

log = telemetry.logger(__name__)

Answer = dict[str, Any]

# A refusal belongs into a mutation's payload; where there is none, its nearest code of the transport is told.
_CODES: Final = {
    "RATE_LIMITED": "RATE_LIMITED",
    "UNAVAILABLE": "UNAVAILABLE",
    "NOT_ALLOWED": "FORBIDDEN",
    "REAUTHENTICATION_REQUIRED": "FORBIDDEN",
}


def refused(error: ApiError | Refusal) -> Answer:
    """The answer to a request that did not run: one error and no data."""
    telemetry.note(error=_api_error(error).code)
    return {"errors": [_shown(_api_error(error))]}


def refused_document(code: str, errors: Iterable[GraphQLError]) -> Answer:
    """The answer to a request whose document or variables are wrong."""
    telemetry.note(error=code)
    return {"errors": [_located(error, _shown(ApiError(code, _words(error)))) for error in errors][:ERRORS]}


def broken(error: BaseException) -> Answer:
    """The answer when something unforeseen happened: it is logged here and masked."""
    log.error("unforeseen", exc_info=error)
    return refused(ApiError("INTERNAL", MASK))


def of_fields(errors: Iterable[GraphQLError]) -> list[Answer]:
    """The errors of fields beside data; the same unforeseen error under several paths is logged once."""
    seen: set[int] = set()
    shown = []
    for error in errors:
        told = _told(error)
        cause = error.original_error or error
        if told.code == "INTERNAL" and id(cause) not in seen:
            seen.add(id(cause))
            log.error("unforeseen", exc_info=cause, path=error.path)
        shown.append(_located(error, _shown(told)))
    if shown:
        telemetry.note(error=shown[0]["extensions"]["code"])
    return shown[:ERRORS]


def _told(error: GraphQLError) -> ApiError:
    cause = error.original_error
    if isinstance(cause, ApiError | Refusal):
        return _api_error(cause)
    if (cause is None or isinstance(cause, GraphQLError)) and _is_about_an_argument(cause or error):
        return ApiError("BAD_USER_INPUT", _words(error))
    return ApiError("INTERNAL", MASK)


def _words(error: GraphQLError) -> str:
    """The library's sentence, with GraphQL's word for nothing; it can hold what the client sent, of any length."""
    told = error.message.replace("not to be None.", "not to be null.")
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


def _is_about_an_argument(error: GraphQLError) -> bool:
    """The library points at the document for a wrong argument, and at nothing for a value that cannot be written."""
    return bool(error.nodes)


def _api_error(error: ApiError | Refusal) -> ApiError:
    if isinstance(error, ApiError):
        return error
    more = {"retryAt": error.retry_at} if isinstance(error, RateLimited) else {}
    return ApiError(_CODES.get(error.code, "BAD_USER_INPUT"), error.message, more)


def _shown(error: ApiError) -> Answer:
    ERRORS_TOLD.labels(error.code).inc()
    hint = {"retryAfter": random.choice(RETRY_SECONDS)} if error.code == "UNAVAILABLE" else {}  # noqa: S311 - a spread
    extensions = {"code": error.code, **hint, **error.extensions, "traceId": telemetry.request_id()}
    return {"message": error.message, "extensions": extensions}


def _located(error: GraphQLError, shown: Answer) -> Answer:
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown
