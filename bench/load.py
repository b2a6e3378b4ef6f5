"""A client that sends one request again and again over a few connections: `python -m bench.load PORT SECONDS`."""

import asyncio
import sys
from typing import Final, cast

CONNECTIONS: Final = 16


class Connection(asyncio.Protocol):
    """Sends its request, and sends it again whenever the answer has come whole."""

    def __init__(self, request: bytes) -> None:
        self.answers = 0
        self.body = b""
        self._request = request
        self._arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, is_whole, body = self._arrived.partition(b"\r\n\r\n")
        if is_whole and len(body) == _announced(head):
            self.answers += head.startswith(b"HTTP/1.1 200 ")
            self.body, self._arrived = body, b""
            self._transport.write(self._request)


def _announced(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def _run(port: int, seconds: float, request: bytes) -> None:
    """Print how many answers came, and the body of one."""
    loop = asyncio.get_running_loop()
    pairs = [await loop.create_connection(lambda: Connection(request), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    print(sum(connection.answers for _, connection in pairs))
    print(pairs[0][1].body.decode())


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2]), sys.stdin.buffer.read()))
