"""GraphQL over server-sent events: the protocol graphql-sse in its mode of one connection for each operation."""

import asyncio
import random
import re
from collections.abc import Awaitable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Send

from aperture.answers import answers, last_words
from aperture.callers import Api, RequestInfo
from aperture.envelope import encode
from aperture.errors import Answer, refused
from aperture.execution import GraphQLRequest
from aperture.negotiation import EVENT_STREAM
from aperture.presence import CHECK_SECONDS, Connections, Presences, SignedOut
from core.errors import ApiError
from core.metrics import CONNECTIONS
from core.viewer import Viewer

COMPLETE: Final = b"event: complete\ndata: \n\n"
# A comment alone: the blank line after it, which other servers send, makes the reference client lose what follows.
HEARTBEAT: Final = b":\n"

LINGER_SECONDS: Final = 0.05

_HEADERS: Final = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept, authorization, origin"),
]
# Whatever a client calls `cursor` by an alias must not break the line.
_EVENT_ID: Final = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Times of one stream, in seconds."""

    heartbeat_seconds: float = 15.0
    check_seconds: float = CHECK_SECONDS
    ending_seconds: float = 5.0
    patience_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opens a stream, with which token and from where."""

    viewer: Viewer
    token: str | None
    info: RequestInfo


class TooManyStreams(ApiError):
    """This person holds as many connections as are allowed."""

    def __init__(self) -> None:
        super().__init__("COST_LIMIT_EXCEEDED", "Too many streams and sockets: close some.")


class Over(Exception):
    """The stream ends; `last` is what the client still hears, nothing if it should come back."""

    def __init__(self, last: bytes = b"") -> None:
        super().__init__(last)
        self.last = last


class EventStreams:
    """The streams that are open in this process."""

    def __init__(self, api: Api, connections: Connections, limits: StreamLimits | None = None) -> None:
        self._api = api
        self._connections = connections
        self._limits = limits or StreamLimits()
        self._presences = Presences(api, self._limits.check_seconds)
        self._open: set[asyncio.Event] = set()

    async def serve(
        self, caller: Caller, request: GraphQLRequest, receive: Receive, send: Send, *, wait: int | None = None
    ) -> None:
        """Answer one operation as a stream; raises `TooManyStreams` before it begins.

        It ends with its operation or with its client, when the token or the session ends, and with the process; for a
        client that polls after its first events, or after `wait` seconds without any. Only the last two leave out
        `complete`, so that clients come back.
        """
        with self._counted(caller), self._listed() as is_ending, CONNECTIONS.labels("sse").track_inprogress():
            has_told = asyncio.Event()
            applied = [] if wait is None else [(b"preference-applied", b"wait=%d" % wait)]
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *applied]})
            last = await self._run(
                self._tell(caller, request, send, has_told),
                *([] if wait is None else [_waited(wait, has_told)]),
                _beat(self._limits.heartbeat_seconds, send),
                self._watch(caller),
                _gone(receive),
                _told_to_end(is_ending),
            )
            await send({"type": "http.response.body", "body": last})

    async def end(self) -> None:
        """End every stream, spread over up to five seconds; running ones send their event in progress first."""
        seconds = min(self._limits.ending_seconds, len(self._open) / 100)
        await asyncio.gather(*(_end(is_ending, seconds) for is_ending in self._open))

    async def _run(self, *works: Awaitable[None]) -> bytes:
        """The last words of whichever work ends the stream first."""
        last = b""
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in works:
                    tasks.create_task(_awaited(work))
        except* Over as ends:
            last = _first(ends).last
        return last

    async def _tell(self, caller: Caller, request: GraphQLRequest, send: Send, has_told: asyncio.Event) -> None:
        async with aclosing(answers(self._api, caller.viewer, caller.info, request)) as told:
            async for answer in told:
                try:
                    async with asyncio.timeout(self._limits.patience_seconds):
                        await send({"type": "http.response.body", "body": event_of(answer), "more_body": True})
                except TimeoutError:
                    last = await last_words(told)
                    raise Over((event_of(last) if last else b"") + COMPLETE) from None
                has_told.set()
                # Sending to a client that is gone does not wait: let the others notice.
                await asyncio.sleep(0)
        raise Over(COMPLETE)

    async def _watch(self, caller: Caller) -> None:
        gone: asyncio.Future[SignedOut] = asyncio.get_running_loop().create_future()
        presence = self._presences.enter(caller.viewer, gone.set_result)
        try:
            told = ApiError("UNAUTHENTICATED", str(await gone))
        finally:
            self._presences.leave(presence)
        raise Over(event_of(refused(told)) + COMPLETE)

    @contextmanager
    def _counted(self, caller: Caller) -> Iterator[None]:
        if not self._connections.take(caller.viewer, caller.info.address):
            raise TooManyStreams
        try:
            yield
        finally:
            self._connections.release(caller.viewer, caller.info.address)

    @contextmanager
    def _listed(self) -> Iterator[asyncio.Event]:
        is_ending = asyncio.Event()
        self._open.add(is_ending)
        try:
            yield is_ending
        finally:
            self._open.discard(is_ending)


def event_of(answer: Answer) -> bytes:
    """One answer as an event, with the cursor of its first field as its id."""
    cursor = _cursor(answer.get("data"))
    name = b"id: " + cursor.encode() + b"\n" if cursor else b""
    return b"event: next\n" + name + b"data: " + encode(answer) + b"\n\n"


def _cursor(data: Any) -> str | None:
    first = next(iter(data.values()), None) if isinstance(data, dict) else None
    cursor = first.get("cursor") if isinstance(first, dict) else None
    return cursor if isinstance(cursor, str) and _EVENT_ID.fullmatch(cursor) else None


async def _beat(seconds: float, send: Send) -> None:
    while True:
        await asyncio.sleep(seconds)
        await send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    raise Over


async def _waited(seconds: int, has_told: asyncio.Event) -> None:
    """End the stream of a client that polls; events that follow at once still come with the first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await has_told.wait()
            await asyncio.sleep(LINGER_SECONDS)
    raise Over


async def _told_to_end(is_ending: asyncio.Event) -> None:
    await is_ending.wait()
    raise Over


async def _end(is_ending: asyncio.Event, seconds: float) -> None:
    await asyncio.sleep(random.uniform(0, seconds))  # noqa: S311 - spread, not secrecy
    is_ending.set()


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _first(ends: BaseExceptionGroup[Over]) -> Over:
    end = ends.exceptions[0]
    return _first(end) if isinstance(end, BaseExceptionGroup) else end
