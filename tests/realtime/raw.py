"""A WebSocket client that can say anything, right or wrong: it writes its frames byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

SECONDS: Final = 5
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="


class RawSocket:
    """A connection, and the status and head of the answer to its handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self.status = int(head.split()[1])
        self.head = head.lower()

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True, bits: int = 0, masked: bool = True) -> None:
        """One frame; its mask is zero."""
        size, mask = len(payload), 0x80 if masked else 0
        first = bytes([fin << 7 | bits | opcode])
        if size < 126:
            head = first + bytes([mask | size])
        elif size < 65536:
            head = first + bytes([mask | 126]) + size.to_bytes(2)
        else:
            head = first + bytes([mask | 127]) + size.to_bytes(8)
        self.write(head + (bytes(4) if masked else b"") + payload)

    def say(self, message: Any) -> None:
        """A text frame; what is not text becomes JSON."""
        self.frame(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    async def hear(self) -> tuple[int, bytes]:
        """The next frame of the server, which masks none and breaks none into pieces."""
        async with asyncio.timeout(SECONDS):
            first, size = await self._reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2))
            elif size == 127:
                size = int.from_bytes(await self._reader.readexactly(8))
            assert first & 0x80
            return first & 0xF, await self._reader.readexactly(size)

    async def message(self) -> Any:
        """The next message of the server."""
        opcode, payload = await self.hear()
        assert opcode == TEXT, (opcode, payload)
        return json.loads(payload)

    async def closed(self) -> int:
        """The code the server closes with; nothing but the end of the connection follows."""
        opcode, payload = await self.hear()
        while opcode != CLOSE:
            opcode, payload = await self.hear()
        self.frame(CLOSE, payload)
        await self.ended()
        return int.from_bytes(payload[:2])

    async def ended(self) -> None:
        """Return when the server has closed the connection."""
        async with asyncio.timeout(SECONDS):
            assert await self._reader.read() == b""


@asynccontextmanager
async def connected(host: str, port: int, **headers: str | None) -> AsyncIterator[RawSocket]:
    """A connection after its handshake; `headers` are added, or left out where None."""
    wanted = {"host": "localhost", "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-key": KEY}
    wanted |= {"sec-websocket-version": "13", "sec-websocket-protocol": "graphql-transport-ws"}
    given = {**wanted, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{name}: {value}\r\n" for name, value in given.items() if value is not None]
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET /graphql HTTP/1.1\r\n{''.join(lines)}\r\n".encode())
        async with asyncio.timeout(SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        yield RawSocket(reader, writer, head.decode())
    finally:
        writer.close()
