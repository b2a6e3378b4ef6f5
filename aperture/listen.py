"""`aperture listen`: a subscription on the command line, for developers and the tour."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from aperture.websocket import PROTOCOL

_NAME = "1"

Answers = AsyncGenerator[dict[str, Any], None]


class CannotListen(Exception):
    """The server is not there, or refuses the token or the operation; the text says which."""


async def show(answers: Answers, tell: Callable[[str], None], *, count: int | None, seconds: float | None) -> int:
    """Tell each answer as one line of JSON, until there were `count` or `seconds` are over; return how many there were.

    Without either bound it ends with the stream. Raises `CannotListen`.
    """
    told = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(answers):
            async for answer in answers:
                tell(orjson.dumps(answer).decode())
                told += 1
                if told == count:
                    break
    return told


async def answers(url: str, token: str | None, operation: str, variables: dict[str, Any] | None) -> Answers:
    """Every answer to one operation, over a socket of its own to the API at `url`. Raises `CannotListen`."""
    try:
        async with connect(_socket_url(url), subprotocols=[Subprotocol(PROTOCOL)], compression=None) as socket:
            await _send(socket, type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
            async for text in socket:
                message = orjson.loads(text)
                if message["type"] == "connection_ack":
                    request = {"query": operation, "variables": variables}
                    await _send(socket, type="subscribe", id=_NAME, payload=request)
                elif message["type"] == "next":
                    yield message["payload"]
                elif message["type"] == "error":
                    raise CannotListen(" ".join(error["message"] for error in message["payload"]))
                elif message["type"] == "complete":
                    return
                elif message["type"] == "ping":
                    await _send(socket, type="pong")
    except (OSError, InvalidHandshake) as error:
        raise CannotListen(f"No API answers at {url}: {error}") from error
    except ConnectionClosed as error:
        reason = error.rcvd.reason if error.rcvd else "the connection broke"
        raise CannotListen(f"The server closed the socket: {reason}") from error


def _socket_url(url: str) -> str:
    """`http://host` and `https://host` with the path and the scheme of its sockets."""
    parts = urlsplit(url)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/graphql"


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())
