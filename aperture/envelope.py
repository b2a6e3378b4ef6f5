"""The JSON around an operation: read and checked before the library sees it, and written in one way."""

from typing import Any, Final

import orjson

from aperture import errors
from aperture.execution import GraphQLRequest
from aperture.persisted import document_id
from aperture.sharing import SharedAnswer
from core import tracing
from core.errors import ApiError

ANSWER_BYTES: Final = 4 * 1024 * 1024

_OPTIONS: Final = orjson.OPT_UTC_Z
_OPTIONAL: Final = (
    ("variables", dict | None, "an object"),
    ("operationName", str | None, "a string"),
    ("extensions", dict | None, "an object"),
)


def decode(raw: bytes | str) -> Any:
    """The JSON value of a text; ApiError for anything else: other encodings, depth beyond 1,024, endless numbers."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError("BAD_USER_INPUT", "This is not JSON in UTF-8.") from None


def read_request(value: Any) -> GraphQLRequest:
    """The operation in a JSON value; ApiError unless it is one object with fields of the right types."""
    if isinstance(value, list):
        raise ApiError("BAD_USER_INPUT", "Send one operation at a time: batches are not supported.")
    if not isinstance(value, dict):
        raise ApiError("BAD_USER_INPUT", "Send a JSON object.")
    name = document_id(value)
    query = value.get("query")
    if not isinstance(query, str) and (query is not None or name is None):
        raise ApiError("BAD_USER_INPUT", "query must be a string.")
    for field, kind, said in _OPTIONAL:
        if field in value and not isinstance(value[field], kind):
            raise ApiError("BAD_USER_INPUT", f"{field} must be {said} or null.")
    operation_name = value.get("operationName") or None
    return GraphQLRequest(query or "", value.get("variables"), operation_name, value.get("extensions"), name)


def encode(value: Any) -> bytes:
    """The JSON text of an answer; one that cannot be written or is too large becomes an answer that says so.

    What many clients are told is written once.
    """
    if not isinstance(value, SharedAnswer):
        return _written(value)
    if value.text is None:
        value.text = _written(value)
    return value.text


def _written(value: Any) -> bytes:
    try:
        with tracing.span("encode"):
            text = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        return orjson.dumps(errors.broken(error))
    if len(text) > ANSWER_BYTES:
        return orjson.dumps(errors.refused(ApiError("COST_LIMIT_EXCEEDED", "The answer is too large: ask for less.")))
    return text
