"""An answer of known length leaves in one piece: head and body in one write, of which uvicorn makes two."""

from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_START: Final = "http.response.start"


async def in_one_piece(app: ASGIApp, cycle: RequestResponseCycle, scope: Scope, receive: Receive, _send: Send) -> None:
    """Run an application, and send its answer in one piece where that is possible."""
    await app(scope, receive, OnePiece(cycle))


class OnePiece:
    """A `send` that holds a head back until its body is there; whatever cannot go together is uvicorn's to send."""

    __slots__ = ("_cycle", "_held")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._held: Any = None

    async def __call__(self, message: Any) -> None:
        start, self._held = self._held, None
        if start is None and message["type"] == _START and self._may_wait(message):
            self._held = message
        elif start is None:
            await self._cycle.send(message)
        elif not self._has_gone(start, message):
            await self._cycle.send(start)
            await self._cycle.send(message)

    def _may_wait(self, start: Any) -> bool:
        """Whether a body is announced, after which the connection stays as it is."""
        names = dict(start["headers"])
        cycle, is_plain = self._cycle, b"content-length" in names and b"connection" not in names
        return is_plain and cycle.keep_alive and cycle.scope["method"] != "HEAD"

    def _has_gone(self, start: Any, message: Any) -> bool:
        """Whether this was all, and could be written at once."""
        cycle, body = self._cycle, message.get("body", b"")
        if message.get("more_body") or cycle.disconnected or cycle.flow.write_paused:
            return False
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *start["headers"])]
        head = b"".join(lines)
        is_sound = head.count(b"\r") == head.count(b"\n") == len(lines)
        if not is_sound or int(dict(start["headers"])[b"content-length"]) != len(body):
            return False
        cycle.transport.write(b"".join((STATUS_LINE[start["status"]], head, b"\r\n", body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True
