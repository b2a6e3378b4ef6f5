"""The server process: uvicorn with limits on headers and sockets, and an end that cuts nothing short."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aperture.asgi import Application
from aperture.wire import Wire
from core.limits import Limits
from core.settings import Settings

LEFTOVER_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 10
END_SECONDS: Final = 20.0
PING_SECONDS: Final = 20.0
READ_SECONDS: Final = 30.0
# An event for thousands of sockets makes tens of thousands of short-lived objects: no need to walk them half-way.
GARBAGE: Final = (50_000, 20, 50)


def run(application: Application, settings: Settings, sockets: list[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then end within 20 seconds; `sockets` are listening ones opened before."""
    Server(configuration(application, settings), application).run(sockets)


class Configuration(uvicorn.Config):
    """How uvicorn serves, and the bounds it does not know."""

    def __init__(self, application: Application, limits: Limits, **more: Any) -> None:
        super().__init__(application, **more)
        self.limits = limits


def configuration(application: Application, settings: Settings) -> Configuration:
    """By the settings: forwarding headers are believed from the named proxies alone."""
    return Configuration(
        application,
        settings.limits,
        host=settings.host,
        port=settings.port,
        http=BoundedHttp,
        ws=Wire,
        ws_max_size=settings.limits.message_bytes,
        ws_ping_interval=PING_SECONDS,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=REQUEST_SECONDS,
    )


class Server(uvicorn.Server):
    """Ends in steps: not ready, no new connections, sockets and streams sent elsewhere, running requests, the rest."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals while serving; a process that ended well exits with 0."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self._end)
        try:
            yield
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(sign)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was imported and built lives as long as the process: keep the collector from walking it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._application.end_connections()
                await super().shutdown(sockets)

    def _end(self) -> None:
        """The first signal ends gracefully, a second one at once."""
        self._application.begin_to_end()
        self.force_exit = self.should_exit
        self.should_exit = True


class BoundedHttp(HttpToolsProtocol):
    """Bounds what uvicorn does not: number, size and time of headers, and the time an answer lies unread."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits = cast("Configuration", self.config).limits
        self._most_headers, self._most_bytes = limits.headers, limits.header_bytes
        self._deadline: asyncio.TimerHandle | None = None
        self._abort: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._is_in_headers = True
        self._arrived = 0
        self._header_bytes = 0
        self._excess = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn serves streams alone
        self._within(self._limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._abort = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_read()

    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._arrived > self._limits.header_bytes:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._is_in_headers and self._has_begun and self._deadline is None:
            self._within(self._limits.header_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._header_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._most_bytes or len(self.headers) > self._most_headers:
            self._excess = b"431 Request Header Fields Too Large"
            raise ValueError

    def on_headers_complete(self) -> None:
        self._in_time()
        self._is_in_headers = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._arrived = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_time()
        self._has_begun = False
        self._is_in_headers = True
        self._arrived = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_in_headers:
            self._within(LEFTOVER_SECONDS)

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Parser and protocol hold each other, and would be kept until the collector walks by.
        del self.parser

    def send_400_response(self, msg: str) -> None:
        if self._excess:
            self._refuse(self._excess)
        else:
            super().send_400_response(msg)

    def _refuse(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()

    def _within(self, seconds: float) -> None:
        self._in_time()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _is_read(self) -> None:
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._refuse(b"408 Request Timeout")
