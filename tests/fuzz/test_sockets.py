"""Messages and frames of any kind over sockets, and every subscription with all kinds of arguments."""

import asyncio
import json
import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from aperture.negotiation import EVENT_STREAM, JSON
from tests.fuzz.answers import require_sane_json
from tests.fuzz.conftest import Target, amount
from tests.fuzz.documents import SUBSCRIPTIONS, of_subscription, soup

assert SUBSCRIPTIONS.query_type

_PROTOCOL = Subprotocol("graphql-transport-ws")
_KINDS = st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete", "next", "error", "", "start"])
_NAMES = st.sampled_from(["query", "variables", "operationName", "extensions", "authorization", "a"])
_PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | soup(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner),
    max_leaves=6,
)
_IDS = st.text(max_size=3) | st.integers()
_MESSAGES = st.fixed_dictionaries({}, optional={"type": _KINDS, "id": _IDS, "payload": _PAYLOADS})
_UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.mark.parametrize("field", SUBSCRIPTIONS.query_type.fields)
@amount(12)
@given(data=st.data())
async def test_subscriptions(target: Target, field: str, data: st.DataObject) -> None:
    document = data.draw(of_subscription(field, target.ids))
    async with _socket(target) as socket:
        await _say(socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {target.token}"}})
        await _say(socket, {"type": "subscribe", "id": "1", "payload": {"query": document}})
        await _say(socket, {"type": "complete", "id": "1"})
        await _hear(socket)


@amount(150)
@given(messages=st.lists(_MESSAGES, max_size=6), greets=st.booleans())
async def test_messages_in_any_order(target: Target, messages: list[Any], *, greets: bool) -> None:
    async with _socket(target) as socket:
        if greets:
            await _say(socket, {"type": "connection_init"})
        for message in messages:
            await _say(socket, message)
        await _hear(socket)


@amount(100)
@given(frames=st.lists(st.text(max_size=40) | st.binary(max_size=40), min_size=1, max_size=4))
async def test_any_frames(target: Target, frames: list[str | bytes]) -> None:
    async with _socket(target) as socket:
        for frame in frames:
            await _say(socket, frame)
        await _hear(socket)


@amount(100)
@given(sent=st.binary(max_size=60))
async def test_any_bytes_after_the_handshake(target: Target, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(*target.address.split(":"))
    writer.write(_UPGRADE + sent)
    assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")
    writer.transport.abort()


@amount(60)
@given(document=soup(), cursor=st.text(max_size=20))
async def test_streams(target: Target, document: str, cursor: str) -> None:
    body = json.dumps({"query": document, "variables": {"after": cursor}})
    headers = {"accept": EVENT_STREAM, "content-type": JSON, "authorization": f"Bearer {target.token}"}
    answer = await target.http.post("/graphql", content=body, headers=headers)

    assert answer.status_code < 500
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            require_sane_json(line.removeprefix("data: ").encode())


def _socket(target: Target) -> connect:
    address = f"ws://{target.address}/graphql"
    return connect(address, subprotocols=[_PROTOCOL], compression=None, close_timeout=5)


async def _say(socket: ClientConnection, message: Any) -> None:
    try:
        await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
    except ConnectionClosed:
        return


async def _hear(socket: ClientConnection) -> None:
    """Hear all up to the answer to a last ping, or up to a close that says why."""
    mark = os.urandom(8).hex()
    await _say(socket, {"type": "ping", "payload": {"mark": mark}})
    with suppress(ConnectionClosed):
        while mark not in (told := str(await asyncio.wait_for(socket.recv(), 30))):
            require_sane_json(told.encode())
    assert socket.close_code not in {1006, 1011}
