"""What every request and answer passes: request id, log line, security headers, CORS, and a mask for what breaks."""

import logging
import re
from collections.abc import Callable
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aperture import errors
from aperture.callers import HEAD, Head
from aperture.origins import Origins
from core import telemetry, tracing
from core.metrics import HTTP_RESPONSES
from core.tracing import Span

_SANE_NAMES: Final = re.compile(r"[A-Za-z0-9, _-]{1,400}")
_PREFLIGHT_SECONDS: Final = 600
_ALWAYS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"origin"),
]
_HTTPS_ALONE: Final = (b"strict-transport-security", b"max-age=31536000")
_SIGNED_PATHS: Final = ("/storage/upload/", "/media/signed/")

Headers = list[tuple[bytes, bytes]]


class Edge:
    """The outermost ASGI application; raises nothing, so the server logs nothing twice."""

    def __init__(
        self,
        app: ASGIApp,
        origins: Origins,
        *,
        is_secure: bool,
        is_ending: Callable[[], bool],
        has_cookies: bool = False,
    ) -> None:
        self._app = app
        self._origins = origins
        self._always = [*_ALWAYS, _HTTPS_ALONE] if is_secure else _ALWAYS
        self._is_ending = is_ending
        self._has_cookies = has_cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope)
        if scope["type"] == "websocket":
            request_id = _request_id(head, tracing.NOTHING)
            # It lasts, and nothing looks at its head again.
            del head
            with telemetry.serving(request_id):
                await self._app(scope, receive, self._marked(send, request_id))
        elif scope["path"].startswith("/health/") or not tracing.is_on():
            await self._http(scope, head, receive, send, tracing.NOTHING)
        else:
            with tracing.span(f"{scope['method']} {_first(scope['path'])}", "server", head[b"traceparent"]) as span:
                await self._http(scope, head, receive, send, span)

    async def _http(self, scope: Scope, head: Head, receive: Receive, send: Send, span: Span) -> None:
        path, request_id = scope["path"], _request_id(head, span)
        level = logging.DEBUG if path.startswith("/health/") else logging.INFO
        scope[HEAD] = head
        with (
            telemetry.serving(request_id),
            telemetry.one_line("request", level, method=scope["method"], path=_without_token(path)),
        ):
            answer = _Answer(send, self._headers(head[b"origin"], request_id), span)
            span.tell({"http.request.method": scope["method"]})
            if _is_preflight(scope, head) and self._origins.allow(head[b"origin"]):
                await _allow(head, answer)
                return
            try:
                await self._app(scope, receive, answer)
            except Exception as error:  # noqa: BLE001 - the last place that can mask it
                await _masked(error, answer)

    def _marked(self, send: Send, request_id: str) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "websocket.accept":
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id.encode())]}
            await send(message)

        return marked

    def _headers(self, origin: str, request_id: str) -> Headers:
        added = [(b"x-request-id", request_id.encode()), *self._always]
        if self._is_ending():
            added.append((b"connection", b"close"))
        if origin and self._origins.allow(origin):
            added.append((b"access-control-allow-origin", origin.encode()))
            added.append((b"access-control-expose-headers", b"x-request-id, retry-after, etag"))
            if self._has_cookies:
                added.append((b"access-control-allow-credentials", b"true"))
        return added


class _Answer:
    """A `send` that adds its headers, and knows whether the answer has begun."""

    __slots__ = ("_headers", "_send", "_span", "has_begun")

    def __init__(self, send: Send, headers: Headers, span: Span) -> None:
        self._send = send
        self._headers = headers
        self._span = span
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            status = message["status"]
            telemetry.note(status=status)
            HTTP_RESPONSES.labels(str(status)).inc()
            self._span.tell({"http.response.status_code": status})
            message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
        await self._send(message)


def _request_id(head: Head, span: Span) -> str:
    """The caller's own id, else that of the trace, so that a line of the log leads to it, else a new one."""
    wish = head[b"x-request-id"] or span.trace_id
    if not wish and b"traceparent" in head:
        wish = tracing.trace_id_of(head[b"traceparent"])
    return telemetry.sane_request_id(wish)


def _first(path: str) -> str:
    """The first step of a path: the others can name people and what is theirs."""
    return "/" + path[1:].partition("/")[0]


def _is_preflight(scope: Scope, head: Head) -> bool:
    return scope["method"] == "OPTIONS" and b"origin" in head and b"access-control-request-method" in head


async def _allow(head: Head, send: Send) -> None:
    wanted = head[b"access-control-request-headers"]
    allowed = [
        (b"access-control-allow-methods", b"GET, POST, PUT, HEAD"),
        (b"access-control-allow-headers", _named(wanted)),
        (b"access-control-max-age", b"%d" % _PREFLIGHT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": allowed})
    await send({"type": "http.response.body", "body": b""})


def _named(wanted: str) -> bytes:
    return wanted.encode() if _SANE_NAMES.fullmatch(wanted) else b"authorization, content-type"


async def _masked(error: Exception, answer: _Answer) -> None:
    told = orjson.dumps(errors.broken(error))
    if not answer.has_begun:
        headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(told))]
        await answer({"type": "http.response.start", "status": 500, "headers": headers})
        await answer({"type": "http.response.body", "body": told})


def _without_token(path: str) -> str:
    """The path for the log: whoever reads it must not be able to fetch or send what was signed for somebody."""
    if not path.startswith(_SIGNED_PATHS):
        return path
    return next(signed for signed in _SIGNED_PATHS if path.startswith(signed))
