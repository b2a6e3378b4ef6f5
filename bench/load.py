"""A client that sends requests in turns over a few connections: `python -m bench.load PORT SECONDS`."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final, cast

CONNECTIONS: Final = 16


class Connection(asyncio.Protocol):
    """Sends a request, and the next one whenever the answer has come whole."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.answers = 0
        self.body = b""
        self._requests = requests
        self._arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, is_whole, body = self._arrived.partition(b"\r\n\r\n")
        if is_whole and len(body) == _announced(head):
            self.answers += head.startswith(b"HTTP/1.1 200 ")
            self.body, self._arrived = body, b""
            self._transport.write(next(self._requests))


def _announced(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def _run(port: int, seconds: float, requests: Sequence[bytes]) -> None:
    """Print how many answers came, and the body of one."""
    loop, turns = asyncio.get_running_loop(), cycle(requests)
    pairs = [await loop.create_connection(lambda: Connection(turns), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    print(sum(connection.answers for _, connection in pairs))
    print(pairs[0][1].body.decode())


def _give_way() -> None:
    """Never interrupt the server for being woken by its answer, where the system lets a program say so."""
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


if __name__ == "__main__":
    _give_way()
    asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2]), sys.stdin.buffer.read().split(b"\0")))
