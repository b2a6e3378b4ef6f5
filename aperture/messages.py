"""Messages of graphql-transport-ws as clients send them; a malformed one closes its socket."""

from typing import Any, Final

from aperture.envelope import decode
from core.errors import ApiError

# A close frame holds 125 bytes, two of them for the code.
REASON_BYTES: Final = 123

Message = dict[str, Any]


class Closed(Exception):
    """The socket ends with this code and reason; without a code the client is already gone."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


def read_message(text: str | None) -> Message:
    """The message in a frame; anything but a JSON object with a type closes the socket."""
    if text is None:
        raise Closed(4400, "Binary messages are not supported")
    try:
        message = decode(text)
    except ApiError:
        raise Closed(4400, "Invalid message") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Closed(4400, "Invalid message")
    return message


def payload_of(message: Message) -> Message | None:
    """The payload of a message that need not have one."""
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(4400, "payload must be an object or null")
    return payload


def name_of(message: Message) -> str:
    """The client's own id of an operation."""
    name = message.get("id")
    if not isinstance(name, str) or not name:
        raise Closed(4400, "id must be a string")
    return name


def token_of(payload: Message) -> str | None:
    """The token in the first message, with or without the word Bearer."""
    value = payload.get("authorization", payload.get("Authorization"))
    if value is not None and not isinstance(value, str):
        raise Closed(4400, "authorization must be a string")
    return value.removeprefix("Bearer ").strip() or None if value else None
