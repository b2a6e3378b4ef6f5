"""One client on one WebSocket: the protocol graphql-transport-ws, message by message."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import orjson
from starlette.types import Receive, Send

from aperture.answers import answers, last_words
from aperture.callers import Api, RequestInfo
from aperture.envelope import encode, read_request
from aperture.errors import Answer
from aperture.execution import GraphQLRequest, refusal
from aperture.messages import Closed, Message, name_of, payload_of, read_message, token_of
from aperture.presence import CHECK_SECONDS, Presence, Presences, SignedOut
from aperture.wire import Wire
from core import telemetry
from core.begun import TooLong, within
from core.ending import end
from core.errors import ApiError, Refusal
from core.limits import DEFAULTS, Limits
from core.viewer import Viewer

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds of one socket, in seconds and counts."""

    init_seconds: float = DEFAULTS.socket_init_seconds
    check_seconds: float = CHECK_SECONDS
    operations: int = DEFAULTS.socket_operations
    ending_seconds: float = 5.0
    patience_seconds: float = 10.0

    @classmethod
    def of(cls, limits: Limits) -> "SocketLimits":
        """As the operator wants them."""
        return cls(init_seconds=limits.socket_init_seconds, operations=limits.socket_operations)


class Operation:
    """One operation of a socket: its task, and the way of its answers to the client."""

    __slots__ = ("_head", "_is_over", "_wire", "task")

    task: asyncio.Task[None]

    def __init__(self, name: str, wire: Wire) -> None:
        self._head = b'{"id":%b,"type":"next","payload":' % orjson.dumps(name)
        self._wire = wire
        self._is_over = False

    @property
    def is_clear(self) -> bool:
        return self._wire.is_clear

    def tell(self, answer: Answer) -> bool:
        """Tell an answer; False says that the client has much to read yet."""
        return self._is_over or self._wire.tell(self._head, encode(answer), b"}")

    def cancel(self) -> None:
        """Tell nothing any more."""
        self._is_over = True
        self.task.cancel()


class Socket:
    """A connection from its handshake to its close.

    One task reads; each operation has another. What they cannot send without filling the wire they wait with, so a
    client that does not read holds up its own operations alone.
    """

    __slots__ = (
        "_admit",
        "_api",
        "_deadline",
        "_fate",
        "_has_ended",
        "_has_init",
        "_info",
        "_limits",
        "_operations",
        "_presence",
        "_presences",
        "_reader",
        "_running",
        "_wire",
    )

    def __init__(
        self,
        api: Api,
        limits: SocketLimits,
        presences: Presences,
        admit: Callable[[Viewer, str], None],
        info: RequestInfo,
        wire: Wire,
    ) -> None:
        self._api = api
        self._limits = limits
        self._presences = presences
        self._admit = admit
        self._info = info
        self._wire = wire
        self._has_init = False
        self._presence: Presence | None = None
        self._operations: dict[str, Operation] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._fate: Closed | None = None
        self._has_ended: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self._info.address

    @property
    def _patience_seconds(self) -> float:
        """Up to a fifth more than is promised: many who stopped reading together shall not be dismissed together."""
        return self._limits.patience_seconds * random.uniform(1, 1.2)  # noqa: S311 - spread, not secrecy

    @property
    def viewer(self) -> Viewer | None:
        """Who it is, once the first message has told."""
        return self._presence.viewer if self._presence else None

    async def serve(self, receive: Receive, send: Send) -> None:
        """Speak until one side ends it."""
        self._reader = asyncio.current_task()
        late = Closed(4408, "Connection initialisation timeout")
        self._deadline = asyncio.get_running_loop().call_later(self._limits.init_seconds, self._close, late)
        try:
            closed = await self._closed(receive)
        finally:
            self._reader = None
            self._deadline.cancel()
            if self._presence is not None:
                self._presences.leave(self._presence)
            await end(*self._running)
            if self._has_ended is not None:
                self._has_ended.set_result(None)
        if closed.code is not None:
            await send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})

    async def end(self, closed: Closed) -> None:
        """Close from outside; returns when nothing runs any more."""
        if self._reader is not None:
            self._has_ended = self._has_ended or asyncio.get_running_loop().create_future()
            self._close(closed)
            await asyncio.shield(self._has_ended)

    def _close(self, closed: Closed) -> None:
        """Let the reading task end with this; the first word counts."""
        if self._fate is None and self._reader is not None:
            self._fate = closed
            self._reader.cancel()

    async def _closed(self, receive: Receive) -> Closed:
        """Read until something ends the socket, and say what."""
        reader = self._reader
        try:
            while True:
                await self._take(receive)
        except Closed as closed:
            return self._fate or closed
        except asyncio.CancelledError:
            if self._fate is None or reader is None or reader.uncancel():
                raise
            return self._fate
        except Exception as error:
            log.exception("unforeseen", exc_info=error)
            return Closed(1011, "Internal error")

    async def _take(self, receive: Receive) -> None:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            raise Closed
        message = read_message(event.get("text"))
        match message["type"]:
            case "connection_init":
                await self._init(message)
            case "ping":
                payload = payload_of(message)
                await self._tell({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
            case "pong":
                payload_of(message)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._complete(message)
            case _:
                raise Closed(4400, "Unknown message type")

    async def _init(self, message: Message) -> None:
        if self._has_init:
            raise Closed(4429, "Too many initialisation requests")
        self._has_init = True
        viewer = await self._authenticated(token_of(payload_of(message) or {}) or self._info.token)
        self._info.token = None
        self._admit(viewer, self._info.address)
        self._presence = self._presences.enter(viewer, self._signed_out)
        if self._deadline is not None:
            self._deadline.cancel()
        await self._tell({"type": "connection_ack"})

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
            await self._tell({"id": name, "type": "error", "payload": refusal(too_many)["errors"]})
            return
        self._operations[name] = operation = Operation(name, self._wire)
        operation.task = task = asyncio.create_task(self._operate(name, operation, self.viewer, request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _complete(self, message: Message) -> None:
        operation = self._operations.pop(name_of(message), None)
        if operation is not None:
            operation.cancel()

    async def _operate(self, name: str, operation: Operation, viewer: Viewer, request: GraphQLRequest) -> None:
        try:
            with telemetry.one_line("operation", user=str(viewer.id) if viewer.id else None):
                last = {"id": name, **await self._answer(operation, viewer, request)}
                del self._operations[name]
                await self._tell(last)
        except Exception as error:
            log.exception("unforeseen", exc_info=error)
            self._close(Closed(1011, "Internal error"))

    async def _answer(self, operation: Operation, viewer: Viewer, request: GraphQLRequest) -> Message:
        """Tell all answers of an operation that have data; returns its last message."""
        async with aclosing(answers(self._api, viewer, self._info, request, operation)) as told:
            async for answer in told:
                if "data" not in answer:
                    return {"type": "error", "payload": answer["errors"]}
                if not operation.tell(answer):
                    try:
                        await within(self._patience_seconds, self._wire.drained())
                    except TooLong:
                        return _dismiss(operation, await last_words(told))
        return {"type": "complete"}

    async def _tell(self, message: Message) -> None:
        await self._send(orjson.dumps(message, option=orjson.OPT_UTC_Z))

    async def _send(self, text: bytes) -> None:
        if not self._wire.tell(text):
            await self._wire.drained()

    async def _authenticated(self, token: str | None) -> Viewer:
        try:
            return await self._api.authenticate(token, self._info)
        except ApiError as error:
            raise Closed(4403 if error.code != "UNAVAILABLE" else 1013, error.message) from None
        except Refusal as error:
            raise Closed(1013, error.message) from None

    def _signed_out(self, gone: SignedOut) -> None:
        self._close(Closed(4403, str(gone)))


def _dismiss(operation: Operation, answer: Answer | None) -> Message:
    """Leave its last answer to an operation whose client does not read; returns its last message."""
    if answer is not None:
        if "data" not in answer:
            return {"type": "error", "payload": answer["errors"]}
        operation.tell(answer)
    return {"type": "complete"}
