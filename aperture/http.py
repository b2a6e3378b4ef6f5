"""GraphQL over HTTP: POST with JSON, GET for queries; one answer each, or a stream of events where one is preferred."""

import asyncio
import gzip
import math
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from aperture import errors, negotiation
from aperture.callers import HEAD, Api, Head, RequestInfo, bearer
from aperture.documents import DocumentRefused
from aperture.envelope import decode, encode, read_request
from aperture.errors import Answer
from aperture.execution import Context, GraphQLRequest, execute, refusal
from aperture.sse import Caller, EventStreams, TooManyStreams
from core import clock, telemetry
from core.begun import Begun, TooLong, within
from core.errors import ApiError, Refusal
from core.ids import SessionId
from core.limits import Limits
from core.viewer import Viewer
from services.auth.cookies import Jar

GZIP_BYTES: Final = 1_400
GZIP_LEVEL: Final = 1

_STATUS: Final = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "ACCOUNT_RESTRICTED": 403,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503,
    "TIMEOUT": 504,
    "INTERNAL": 500,
}
_CONTENT_TYPES: Final = {
    media_type: (b"content-type", b"%b; charset=utf-8" % media_type.encode())
    for media_type in (negotiation.JSON, negotiation.GRAPHQL_JSON)
}
_ALWAYS: Final = [
    (b"cache-control", b"private, no-store"),
    (b"vary", b"accept, accept-encoding, authorization"),
]
_OK: Final = 200
_BAD_REQUEST: Final = 400


class HttpRefused(ApiError):
    """A request refused for what HTTP says about it; the status is part of the answer."""

    def __init__(self, status: int, message: str, allow: str = "", code: str = "BAD_USER_INPUT") -> None:
        super().__init__(code, message)
        self.status = status
        self.allow = allow


class ClientGone(Exception):
    """The client closed the connection; nobody waits for the answer."""


@dataclass(slots=True)
class Reply:
    """Status and content of one HTTP answer, and the methods allowed instead."""

    status: int
    answer: Answer
    allow: str = ""


class GraphQLOverHttp:
    """The ASGI application of the graph's one address."""

    def __init__(self, api: Api, streams: EventStreams, limits: Limits) -> None:
        self._api = api
        self._streams = streams
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head: Head = scope[HEAD]
        wanted = negotiation.answer_type(head[b"accept"])
        media_type = wanted if wanted not in {None, negotiation.EVENT_STREAM} else negotiation.JSON
        jar = None
        try:
            _require_answerable(scope["method"], wanted)
            info, token = RequestInfo.of(scope, head), bearer(head)
            info.jar = jar = self._jar(head)
            viewer = await (self._by_cookie(jar, info) if jar and not token else self._api.authenticate(token, info))
            telemetry.note(user=viewer.id)
            request = await self._request(scope, head, receive)
            if wanted == negotiation.EVENT_STREAM:
                info.jar = None
                caller, wait = Caller(viewer, token, info), negotiation.seconds_to_wait(head[b"prefer"])
                await self._stream(scope["method"], caller, request, wait, receive, send)
                return
            answer = await self._answer(scope["method"], self._api.contexts(viewer, info), request, receive)
            reply = Reply(_status(answer, media_type), answer)
        except ClientGone:
            telemetry.note(error="CLIENT_GONE")
            return
        except HttpRefused as refused:
            reply = Reply(refused.status, errors.refused(refused), refused.allow)
        except (ApiError, Refusal) as error:
            answer = errors.refused(error)
            reply = Reply(_status(answer, negotiation.GRAPHQL_JSON), answer)
        await _send(reply, media_type, head, send, jar.headers if jar else ())

    def _jar(self, head: Head) -> Jar | None:
        if self._api.cookies is None:
            return None
        return self._api.cookies.jar(head[b"origin"], head[b"cookie"], head[b"x-csrf-token"])

    async def _by_cookie(self, jar: Jar, info: RequestInfo) -> Viewer:
        """Who sent the cookies, if they count; those that are no good any more are taken back."""
        try:
            viewer = await self._api.authenticate(jar.access_token, info)
        except ApiError as error:
            if error.code == "UNAUTHENTICATED":
                jar.drop()
            raise
        if viewer.session_id is not None:
            jar.require(SessionId(viewer.user_id, viewer.session_id))
        return viewer

    async def _answer(self, method: str, context: Context, request: GraphQLRequest, receive: Receive) -> Answer:
        kind = None
        try:
            request = await self._api.graph.prepared(request, context)
            if method == "GET":
                kind = self._api.graph.operation(request).node.operation
        except (ApiError, DocumentRefused) as error:
            return refusal(error)
        _require_safe(method, kind)
        return await _while_connected(receive, execute(self._api.graph, request, context))

    async def _stream(
        self, method: str, caller: Caller, request: GraphQLRequest, wait: int | None, receive: Receive, send: Send
    ) -> None:
        """Open a stream; what is wrong with the document is told in it, as clients of streams expect."""
        kind = None
        with suppress(ApiError, DocumentRefused):
            request = await self._api.graph.prepared(request, self._api.contexts(caller.viewer, caller.info))
            kind = self._api.graph.operation(request).node.operation
        _require_safe(method, kind)
        try:
            await self._streams.serve(caller, request, receive, send, wait=wait)
        except TooManyStreams as error:
            raise HttpRefused(429, error.message, code=error.code) from None

    async def _request(self, scope: Scope, head: Head, receive: Receive) -> GraphQLRequest:
        if scope["method"] == "GET":
            return read_request(_parameters(scope["query_string"]))
        _require_json(head)
        try:
            body = await within(self._limits.body_seconds, _body(head, receive, self._limits.message_bytes))
        except TooLong:
            raise HttpRefused(408, "The body took too long to arrive.", code="TIMEOUT") from None
        return read_request(decode(body))


def _require_answerable(method: str, media_type: str | None) -> None:
    if method not in {"GET", "POST"}:
        raise HttpRefused(405, "Use GET or POST.", allow="GET, POST")
    if media_type is None:
        raise HttpRefused(406, f"Accept {negotiation.GRAPHQL_JSON}, {negotiation.JSON} or {negotiation.EVENT_STREAM}.")


def _require_safe(method: str, kind: OperationType | None) -> None:
    """A GET changes nothing, so that links and pictures of other sites cannot."""
    if method == "GET" and kind is OperationType.MUTATION:
        raise HttpRefused(405, "Send mutations by POST.", allow="POST")


def _require_json(head: Head) -> None:
    """JSON only: a page of another site cannot send it without the browser asking us first."""
    if not negotiation.is_json(head[b"content-type"]):
        raise HttpRefused(415, "Send application/json in UTF-8.")
    if head[b"content-encoding"].lower() not in {"", "identity"}:
        raise HttpRefused(415, "Send the body without a content encoding.")


async def _body(head: Head, receive: Receive, limit: int) -> bytes:
    announced = head[b"content-length"]
    if announced.isdecimal() and int(announced) > limit:
        raise HttpRefused(413, f"The body may have {limit} bytes.")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit:
            raise HttpRefused(413, f"The body may have {limit} bytes.")
        if not message.get("more_body", False):
            return bytes(body)


def _parameters(query_string: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = dict(parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=20))
    except ValueError:
        raise ApiError("BAD_USER_INPUT", "The query string cannot be read.") from None
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = decode(found[name])
    return found


def _status(answer: Answer, media_type: str) -> int:
    """200 when it ran. Old clients get 200 also for a wrong document or variables, as the media type's rules say."""
    if "data" in answer:
        return _OK
    status = _STATUS.get(answer["errors"][0]["extensions"]["code"], _BAD_REQUEST)
    return _OK if status == _BAD_REQUEST and media_type == negotiation.JSON else status


async def _while_connected(receive: Receive, work: Coroutine[Any, Any, Answer]) -> Answer:
    """What the work answers; it is cancelled when the client closes the connection, and ClientGone is raised."""
    begun = Begun(work)
    if begun.is_over:
        return begun.result
    running = cast("asyncio.Task[None]", asyncio.current_task())
    is_inside = True

    def leave(watch: asyncio.Task[None]) -> None:
        if is_inside and not watch.cancelled():
            running.cancel()

    watch = asyncio.create_task(_until_gone(receive))
    watch.add_done_callback(leave)
    try:
        return await begun
    except asyncio.CancelledError:
        if watch.done() and not running.uncancel():
            raise ClientGone from None
        raise
    finally:
        is_inside = False
        watch.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _send(
    reply: Reply, media_type: str, head: Head, send: Send, cookies: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    body = encode(reply.answer)
    sent = [_CONTENT_TYPES[media_type], *_ALWAYS, *cookies]
    if len(body) >= GZIP_BYTES and negotiation.accepts_gzip(head[b"accept-encoding"]):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        sent.append((b"content-encoding", b"gzip"))
    sent.append((b"content-length", b"%d" % len(body)))
    if reply.status != _OK:
        sent += _hints(reply)
    await send({"type": "http.response.start", "status": reply.status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def _hints(reply: Reply) -> list[tuple[bytes, bytes]]:
    """What a client of this status needs to know to do better."""
    extensions = reply.answer["errors"][0]["extensions"]
    if "retryAfter" in extensions:
        return [(b"retry-after", b"%d" % extensions["retryAfter"])]
    if "retryAt" in extensions:
        left = datetime.fromisoformat(str(extensions["retryAt"])) - clock.now()
        return [(b"retry-after", b"%d" % max(1, math.ceil(left.total_seconds())))]
    hints = {
        401: (b"www-authenticate", b"Bearer"),
        408: (b"connection", b"close"),
        405: (b"allow", reply.allow.encode()),
    }
    return [hints[reply.status]] if reply.status in hints else []
