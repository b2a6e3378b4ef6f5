"""One WebSocket on its transport: frames in and out, bounds both ways, and no more memory than thousands can have."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import unquote

from starlette.types import Message, Scope
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol

from core import telemetry

EXTENSION: Final = "aperture.wire"
UNSENT_BYTES: Final = 64 * 1024
KERNEL_BYTES: Final = 16 * 1024
TOO_MUCH: Final = 4413
CLOSE_SECONDS: Final = 10.0
ABORT_SECONDS: Final = 15.0

_BINARY, _TEXT = b"\x82", b"\x81"
# What a frame or a handshake lacks is its client's affair, and no line for the log.
_SILENT: Final = logging.getLogger("aperture.frames")
_SILENT.setLevel(logging.CRITICAL)

log = telemetry.logger(__name__)


class Wire(asyncio.Protocol):
    """What uvicorn hands a connection to that asks to be a WebSocket; `receive` and `send` are ASGI's.

    The application finds it in its scope as the extension `aperture.wire`, since `tell` is a shorter way out. Who does
    not read is not read either; who answers no ping is gone.
    """

    __slots__ = (
        "__weakref__",
        "_app",
        "_connection",
        "_drained",
        "_has_answered",
        "_heard",
        "_inbox",
        "_is_over",
        "_is_text",
        "_loop",
        "_message",
        "_ping_seconds",
        "_response",
        "_server",
        "_timer",
        "_transport",
    )

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:  # noqa: ARG002 - uvicorn's
        self._app: Any = config.loaded_app
        self._server = server_state
        self._ping_seconds = config.ws_ping_interval or 0.0
        self._loop = asyncio.get_running_loop()
        self._connection: Protocol = ServerProtocol(max_size=config.ws_max_size, logger=_SILENT)
        self._response: Response | None = None
        self._inbox: list[Message] = []
        self._message = bytearray()
        self._heard: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._has_answered = True
        self._is_over = self._is_text = False

    @property
    def is_clear(self) -> bool:
        """Whether all the client was told is on its way."""
        return not self._transport.get_write_buffer_size()

    def tell(self, *pieces: bytes) -> bool:
        """Send a text without waiting; False says that the client has much to read yet: wait for `drained`.

        Pieces that many clients are told are kept once for all of them, also while they wait to be read.
        """
        if not self._is_over:
            self._transport.writelines((_head(_TEXT, sum(map(len, pieces))), *pieces))
        return self._drained is None

    async def drained(self) -> None:
        """Return when the client has read on, or is gone."""
        if self._drained is not None:
            await asyncio.shield(self._drained)

    async def receive(self) -> Message:
        """The next message of the client."""
        while not self._inbox:
            self._heard = self._loop.create_future()
            try:
                await self._heard
            finally:
                self._heard = None
        message = self._inbox.pop(0)
        self._adjust_reading()
        return message

    async def send(self, message: Message) -> None:
        """Accept, tell or close; what is told to a client that is gone goes nowhere."""
        if message["type"] == "websocket.accept":
            self._accept(message)
        elif message["type"] == "websocket.send":
            await self.drained()
            text, data = message.get("text"), message.get("bytes") or b""
            if not self._is_over:
                kind, data = (_BINARY, data) if text is None else (_TEXT, text.encode())
                self._transport.write(_head(kind, len(data)) + data)
        elif self._response is not None:
            self._refuse(403)
        else:
            self._close(message.get("code", CloseCode.NORMAL_CLOSURE), message.get("reason") or "")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=UNSENT_BYTES)
        # The kernel would take megabytes for a client that reads nothing.
        with suppress(AttributeError, OSError):
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)
        self._server.connections.add(self)  # type: ignore[arg-type]  # any that can be shut down

    def data_received(self, data: bytes) -> None:
        self._has_answered = True
        self._connection.receive_data(data)
        for event in self._connection.events_received():
            if isinstance(event, Request):
                self._begin(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()
        self._adjust_reading()

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()
        self._adjust_reading()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
        self._adjust_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._end(CloseCode.ABNORMAL_CLOSURE)
        self._within(0, None)
        self.resume_writing()

    def shutdown(self) -> None:
        """End at the end of the server, for clients whose socket the application has left open."""
        if self._response is not None:
            self._refuse(500)
        else:
            self._close(CloseCode.SERVICE_RESTART, "")

    def _begin(self, request: Request) -> None:
        connection = cast("ServerProtocol", self._connection)
        response = connection.accept(request)
        if response.status_code != 101:  # noqa: PLR2004 - Switching Protocols
            connection.send_response(response)
            return
        self._response = response
        self._put({"type": "websocket.connect"})
        task = self._loop.create_task(self._serve(self._scope(request)))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _scope(self, request: Request) -> Scope:
        path, _, query = request.path.partition("?")
        protocols = ",".join(request.headers.get_all("sec-websocket-protocol")).split(",")
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self._transport) else "ws",
            "server": get_local_addr(self._transport),
            "client": get_remote_addr(self._transport),
            "root_path": "",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in request.headers.raw_items()],
            "subprotocols": [each.strip() for each in protocols if each.strip()],
            "state": {},
            "extensions": {EXTENSION: self},
        }

    async def _serve(self, scope: Scope) -> None:
        try:
            await self._app(scope, self.receive, self.send)
        except Exception as error:
            log.exception("unforeseen", exc_info=error)
        finally:
            if self._response is not None:
                self._refuse(500)
            elif not self._is_over:
                self._close(CloseCode.INTERNAL_ERROR, "")

    def _accept(self, message: Message) -> None:
        response = self._response
        if response is None or self._is_over:
            return
        added = [(name.decode(), value.decode()) for name, value in message.get("headers", ())]
        if message.get("subprotocol"):
            added.append(("sec-websocket-protocol", message["subprotocol"]))
        response.headers.update(Headers(added))
        handshake = cast("ServerProtocol", self._connection)
        handshake.send_response(response)
        self._flush()
        # Of the handshake nothing is kept. Its parser holds the whole request, and the two hold each other.
        del handshake.parser
        self._connection = Protocol(Side.SERVER, state=State.OPEN, max_size=handshake.max_message_size, logger=_SILENT)
        self._response = None
        self._within(self._ping_seconds, self._ping)
        self._adjust_reading()

    def _refuse(self, status: int) -> None:
        connection, self._response = cast("ServerProtocol", self._connection), None
        self._end(CloseCode.ABNORMAL_CLOSURE)
        connection.send_response(connection.reject(status, ""))
        self._flush()
        self._adjust_reading()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            received = self._connection.close_rcvd
            self._end(received.code if received else CloseCode.NO_STATUS_RCVD)
        elif frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._message += frame.data
            if frame.fin:
                self._hand_over(bytes(self._message))
                self._message = bytearray()

    def _hand_over(self, message: bytes) -> None:
        if self._is_over:
            return
        try:
            content = {"text": message.decode()} if self._is_text else {"bytes": message}
        except UnicodeDecodeError:
            self._connection.fail(CloseCode.INVALID_DATA, "Invalid UTF-8")
        else:
            self._put({"type": "websocket.receive", **content})

    def _put(self, message: Message) -> None:
        self._inbox.append(message)
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    def _flush(self) -> None:
        """Write what the protocol has to say by itself; an empty last piece says that nothing can follow."""
        output = self._connection.data_to_send()
        if output:
            if not self._transport.is_closing():
                self._transport.write(b"".join(output))
            if not output[-1]:
                sent = self._connection.close_sent
                self._end(sent.code if sent else CloseCode.ABNORMAL_CLOSURE)
                self._part()

    def _adjust_reading(self) -> None:
        """Read while the application listens and the client does, too; after the end, for the client's last word."""
        if not self._transport.is_closing():
            wanted = self._is_over or not (self._inbox or self._drained or self._response)
            if wanted and not self._transport.is_reading():
                self._transport.resume_reading()
            elif not wanted and self._transport.is_reading():
                self._transport.pause_reading()

    def _ping(self) -> None:
        # Who is not read, since the application is busy, cannot answer.
        if self._has_answered or self._inbox:
            self._has_answered = False
            self._connection.send_ping(b"")
            self._flush()
            self._within(self._ping_seconds, self._ping)
        elif self._drained:
            self._close(TOO_MUCH, "Too much to read")
        else:
            self._close(CloseCode.INTERNAL_ERROR, "No answer to a ping")

    def _close(self, code: int, reason: str) -> None:
        """Say good-bye, also to who does not read, and wait a while for the answer."""
        if not self._is_over:
            self._end(code)
            self._connection.send_close(code, reason)
            self._flush()
            self._within(CLOSE_SECONDS, self._part)
            self._adjust_reading()

    def _part(self) -> None:
        """Say that nothing follows, and leave the end to the client: a hard one would take the last word from it."""
        if not self._transport.is_closing():
            (self._transport.write_eof if self._transport.can_write_eof() else self._transport.close)()
        self._within(ABORT_SECONDS, self._transport.abort)

    def _end(self, code: int) -> None:
        if not self._is_over:
            self._is_over = True
            self._put({"type": "websocket.disconnect", "code": code})

    def _within(self, seconds: float, then: Callable[[], None] | None) -> None:
        """Do that later, in place of what else was to come."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then) if then and seconds else None


def _head(kind: bytes, size: int) -> bytes:
    """What comes before the payload of a frame: RFC 6455, section 5.2."""
    if size < 126:  # noqa: PLR2004 - as above
        return kind + size.to_bytes(1)
    if size < 65536:  # noqa: PLR2004 - as above
        return kind + b"\x7e" + size.to_bytes(2)
    return kind + b"\x7f" + size.to_bytes(8)
