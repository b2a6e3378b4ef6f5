"""One client on one WebSocket: the protocol graphql-transport-ws, message by message."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

import orjson
from starlette.types import Receive, Send

from aperture.answers import answers
from aperture.callers import Api, RequestInfo
from aperture.envelope import encode, read_request
from aperture.execution import GraphQLRequest, refusal
from aperture.messages import Closed, Message, first, name_of, payload_of, read_message, token_of
from aperture.presence import CHECK_SECONDS, Presence, SignedOut
from core import telemetry
from core.errors import ApiError, Refusal
from core.viewer import Viewer

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds of one socket, in seconds and counts."""

    init_seconds: float = 10.0
    check_seconds: float = CHECK_SECONDS
    operations: int = 50
    waiting: int = 200
    closing_seconds: float = 5.0
    ending_seconds: float = 5.0


class Socket:
    """A connection from its handshake to its close; whatever ends it is raised as `Closed` by one of its tasks."""

    def __init__(
        self,
        api: Api,
        limits: SocketLimits,
        admit: Callable[[Viewer, str], None],
        info: RequestInfo,
        receive: Receive,
        send: Send,
    ) -> None:
        self._api = api
        self._limits = limits
        self._admit = admit
        self._info = info
        self._receive = receive
        self._send = send
        self._has_init = False
        self._presence: Presence | None = None
        self._who: asyncio.Future[Presence] = asyncio.get_running_loop().create_future()
        self._waiting: asyncio.Queue[str] = asyncio.Queue(limits.waiting)
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks = asyncio.TaskGroup()
        self._fate: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self._has_ended = asyncio.Event()

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self._info.address

    @property
    def viewer(self) -> Viewer | None:
        """Who it is, once the first message has told."""
        return self._presence.viewer if self._presence else None

    async def serve(self) -> None:
        """Speak until one side ends it."""
        closed = Closed(1011, "Internal error")
        try:
            async with self._tasks:
                for work in (self._write(), self._watch(), self._await_fate()):
                    self._tasks.create_task(work)
                await self._read()
        except* Closed as ends:
            closed = first(ends)
        except* Exception as broken:
            log.exception("unforeseen", exc_info=broken.exceptions[0])
        finally:
            self._has_ended.set()
        await self._close(closed)

    async def end(self, closed: Closed) -> None:
        """Close from outside; returns when nothing runs any more."""
        if not self._fate.done():
            self._fate.set_result(closed)
        await self._has_ended.wait()

    async def _await_fate(self) -> None:
        raise await self._fate

    async def _close(self, closed: Closed) -> None:
        if closed.code is None:
            return
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.closing_seconds):
                await self._send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})

    async def _read(self) -> None:
        steps = {
            "connection_init": self._init,
            "ping": self._ping,
            "pong": self._pong,
            "subscribe": self._subscribe,
            "complete": self._complete,
        }
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                raise Closed
            message = read_message(event.get("text"))
            if message["type"] not in steps:
                raise Closed(4400, "Unknown message type")
            await steps[message["type"]](message)

    async def _init(self, message: Message) -> None:
        if self._has_init:
            raise Closed(4429, "Too many initialisation requests")
        self._has_init = True
        token = token_of(payload_of(message) or {})
        viewer = await self._authenticated(token)
        self._admit(viewer, self._info.address)
        self._presence = Presence(self._api, token, self._info.address, viewer)
        self._who.set_result(self._presence)
        await self._put({"type": "connection_ack"})

    async def _ping(self, message: Message) -> None:
        payload = payload_of(message)
        await self._put({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})

    async def _pong(self, message: Message) -> None:
        payload_of(message)

    async def _subscribe(self, message: Message) -> None:
        if self.viewer is None:
            raise Closed(4401, "Unauthorized")
        name = name_of(message)
        try:
            request = read_request(message.get("payload"))
        except ApiError as error:
            raise Closed(4400, error.message) from None
        if name in self._operations:
            raise Closed(4409, f"Subscriber for {name} already exists")
        if len(self._operations) >= self._limits.operations:
            too_many = ApiError(
                "COST_LIMIT_EXCEEDED", f"A socket carries {self._limits.operations} operations at once."
            )
            await self._put({"id": name, "type": "error", "payload": refusal(too_many)["errors"]})
            return
        self._operations[name] = self._tasks.create_task(self._operate(name, self.viewer, request))

    async def _complete(self, message: Message) -> None:
        operation = self._operations.pop(name_of(message), None)
        if operation is not None:
            operation.cancel()

    async def _operate(self, name: str, viewer: Viewer, request: GraphQLRequest) -> None:
        with telemetry.one_line("operation", user=str(viewer.id) if viewer.id else None):
            last: Message = {"id": name, "type": "complete"}
            async with aclosing(answers(self._api, viewer, self._info, request)) as told:
                async for answer in told:
                    if "data" not in answer:
                        last = {"id": name, "type": "error", "payload": answer["errors"]}
                        break
                    await self._put({"id": name, "type": "next", "payload": orjson.Fragment(encode(answer))})
            del self._operations[name]
            await self._put(last)

    async def _put(self, message: Message) -> None:
        """Queue a message; only a client that does not read lets the queue fill, and is sent away."""
        try:
            self._waiting.put_nowait(orjson.dumps(message, option=orjson.OPT_UTC_Z).decode())
        except asyncio.QueueFull:
            raise Closed(4413, "Too many waiting messages") from None
        await asyncio.sleep(0)

    async def _write(self) -> None:
        while True:
            text = await self._waiting.get()
            try:
                await self._send({"type": "websocket.send", "text": text})
            except OSError:
                raise Closed from None

    async def _authenticated(self, token: str | None) -> Viewer:
        try:
            return await self._api.authenticate(token, self._info.address)
        except ApiError as error:
            raise Closed(4403 if error.code != "UNAVAILABLE" else 1013, error.message) from None
        except Refusal as error:
            raise Closed(1013, error.message) from None

    async def _watch(self) -> None:
        """Close a socket that never says who it is, and one whose token or session ends."""
        try:
            async with asyncio.timeout(self._limits.init_seconds):
                presence = await asyncio.shield(self._who)
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        try:
            await presence.watch(self._limits.check_seconds)
        except SignedOut as gone:
            raise Closed(4403, str(gone)) from None
