"""`aperture listen`: a subscription on the command line, for developers and the tour."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

# Not taken from `aperture.websocket`, which would bring the whole server into a small command.
_PROTOCOL: Final = Subprotocol("graphql-transport-ws")
_NAME: Final = "1"

Tell = Callable[[str], None]
Answers = AsyncGenerator[dict[str, Any], None]


class CannotListen(Exception):
    """The server is not there, or refuses the token or the operation; the text says which."""


@dataclass(frozen=True)
class Subscription:
    """An operation, the API it is sent to, and the access token of the person who asks."""

    url: str
    token: str | None
    operation: str
    variables: dict[str, Any] | None


async def listen(
    subscription: Subscription, tell: Tell, ready: Tell, *, count: int | None, seconds: float | None
) -> int:
    """Tell each answer as one line of JSON, until there were `count` or `seconds` are over; return how many there were.

    Without either bound it ends with the stream. `ready` is told once the server listens. Raises `CannotListen`.
    """
    told = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(_answers(subscription, ready)) as answers:
            async for answer in answers:
                tell(orjson.dumps(answer).decode())
                told += 1
                if told == count:
                    break
    return told


async def _answers(subscription: Subscription, ready: Tell) -> Answers:
    try:
        async with connect(_socket_url(subscription.url), subprotocols=[_PROTOCOL], compression=None) as socket:
            await _ask(socket, subscription)
            async for text in socket:
                message = orjson.loads(text)
                if message["type"] == "next":
                    yield message["payload"]
                elif message["type"] == "pong":
                    ready(f"Listening at {subscription.url}")
                elif message["type"] == "error":
                    raise CannotListen(" ".join(error["message"] for error in message["payload"]))
                elif message["type"] == "complete":
                    return
    except (OSError, InvalidHandshake) as error:
        raise CannotListen(f"No API answers at {subscription.url}: {error}") from error
    except ConnectionClosed as error:
        reason = error.rcvd.reason if error.rcvd else "the connection broke"
        raise CannotListen(f"The server closed the socket: {reason}") from error


async def _ask(socket: ClientConnection, subscription: Subscription) -> None:
    """Open the protocol and subscribe; the pong comes when the server has both."""
    token = subscription.token
    await _send(socket, type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
    await socket.recv()
    request = {"query": subscription.operation, "variables": subscription.variables}
    await _send(socket, type="subscribe", id=_NAME, payload=request)
    await _send(socket, type="ping")


def _socket_url(url: str) -> str:
    """`http://host` and `https://host` with the path and the scheme of its sockets."""
    parts = urlsplit(url)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/graphql"


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())
