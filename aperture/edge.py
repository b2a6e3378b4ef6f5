"""What every request and answer passes: request id, log line, security headers, CORS, and a mask for what breaks."""

import re
from collections.abc import Callable
from typing import Final

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aperture import errors
from aperture.origins import Origins
from core import telemetry

_SANE_NAMES: Final = re.compile(r"[A-Za-z0-9, _-]{1,400}")
_PREFLIGHT_SECONDS: Final = 600
_SIGNED_PATHS: Final = ("/storage/upload/", "/media/signed/")


class Edge:
    """The outermost ASGI application; raises nothing, so the server logs nothing twice."""

    def __init__(self, app: ASGIApp, origins: Origins, *, is_secure: bool, is_ending: Callable[[], bool]) -> None:
        self._app = app
        self._origins = origins
        self._is_secure = is_secure
        self._is_ending = is_ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        request_id = telemetry.sane_request_id(headers.get("x-request-id", ""))
        with telemetry.serving(request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, self._marked(send, request_id))
            else:
                await self._http(scope, headers, receive, send, request_id)

    async def _http(self, scope: Scope, headers: Headers, receive: Receive, send: Send, request_id: str) -> None:
        path = scope["path"]
        level = 10 if path.startswith("/health/") else 20
        with telemetry.one_line("request", method=scope["method"], path=_without_token(path), level=level):
            answer = _Answer(send, self._headers(headers.get("origin", ""), request_id))
            if _is_preflight(scope, headers) and self._origins.allow(headers["origin"]):
                await _allow(headers, answer)
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

    def _headers(self, origin: str, request_id: str) -> dict[str, str]:
        added = {"x-request-id": request_id, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
        if self._is_secure:
            added["strict-transport-security"] = "max-age=31536000"
        if self._is_ending():
            added["connection"] = "close"
        if origin and self._origins.allow(origin):
            added["access-control-allow-origin"] = origin
            added["access-control-expose-headers"] = "x-request-id, retry-after, etag"
        return added


class _Answer:
    """A `send` that adds headers, and knows the status and whether the answer has begun."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            telemetry.note(status=message["status"])
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            headers.update(self._headers)
            headers.add_vary_header("origin")
            message = {**message, "headers": headers.raw}
        await self._send(message)


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


async def _allow(headers: Headers, send: Send) -> None:
    wanted = headers.get("access-control-request-headers", "")
    allowed = {
        "access-control-allow-methods": "GET, POST, PUT, HEAD",
        "access-control-allow-headers": wanted if _SANE_NAMES.fullmatch(wanted) else "authorization, content-type",
        "access-control-max-age": str(_PREFLIGHT_SECONDS),
    }
    await send({"type": "http.response.start", "status": 204, "headers": Headers(allowed).raw})
    await send({"type": "http.response.body", "body": b""})


async def _masked(error: Exception, answer: _Answer) -> None:
    told = orjson.dumps(errors.broken(error))
    if not answer.has_begun:
        headers = Headers({"content-type": "application/json; charset=utf-8", "content-length": str(len(told))}).raw
        await answer({"type": "http.response.start", "status": 500, "headers": headers})
        await answer({"type": "http.response.body", "body": told})


def _without_token(path: str) -> str:
    """The path for the log: whoever reads it must not be able to fetch or send what was signed for somebody."""
    return next((signed for signed in _SIGNED_PATHS if path.startswith(signed)), path)
