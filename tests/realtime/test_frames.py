"""What arrives on a socket byte by byte, right and wrong; after each wrong thing the next client is served as ever."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

import pytest

from aperture.wire import Wire
from core import telemetry
from tests.realtime import raw
from tests.realtime.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket
from tests.small_graph import World, serving, small_application

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
HELLO = {"id": "1", "type": "subscribe", "payload": {"query": "{ hello }"}}
LIMIT = 256 * 1024


@pytest.fixture(autouse=True, scope="module")
def _logs() -> None:
    telemetry.configure()


class Connect(Protocol):
    """How a test reaches its server."""

    def __call__(self, **headers: str | None) -> AbstractAsyncContextManager[RawSocket]: ...


@asynccontextmanager
async def server() -> AsyncIterator[Connect]:
    async with serving(small_application(World())) as (host, port):
        yield partial(raw.connected, host, port)


async def begun(socket: RawSocket) -> None:
    socket.say(INIT)
    assert await socket.message() == ACK


async def is_answered(connect: Connect) -> None:
    """Whoever comes next is served."""
    async with connect() as socket:
        await begun(socket)
        socket.say(HELLO)
        assert (await socket.message())["payload"] == {"data": {"hello": "hello you"}}
        assert await socket.message() == {"id": "1", "type": "complete"}


TEXTS = (
    *("", " ", "{", "}", "null", "true", "7", "-0", "1e999", "NaN", "Infinity", '"text"', "[]", "[[]]", "\ufeff{}"),
    *("{'type': 'ping'}", '{"type": "ping",}', "{}{}", "1" * 10_000, "[" * 100_000, '{"a":' * 50_000),
    *('{"type": "\\ud800"}', '{"type": "ping", "payload": {"a": 1', "\x00", "\x00" * 1000),
)
TYPES: list[Any] = [
    None,
    1,
    1.5,
    True,
    [],
    {},
    [INIT],
    "",
    "PING",
    " ping",
    "ping\x00",
    "data",
    "connection_ack",
    "next",
    "ka",
]
NO_OBJECTS: list[Any] = ["x", 1, False, [], [{}]]
NO_TEXTS: list[Any] = [7, True, [], ["Bearer x"], {}]
LEGACY = ("start", "stop", "connection_terminate")


def malformed() -> Iterator[Any]:
    yield from TEXTS
    yield from ([], [INIT], [INIT, INIT], {}, {"Type": "ping"}, {"id": "1"}, {"payload": {}}, {"type": "complete"})
    yield from ({"type": each} for each in TYPES)
    yield from ({**HELLO, "type": each} for each in LEGACY)
    for kind in ("connection_init", "ping", "pong"):
        yield from ({"type": kind, "payload": each} for each in NO_OBJECTS)
    yield from ({**INIT, "payload": {"authorization": each}} for each in NO_TEXTS)
    yield from ({"type": "complete", "id": each} for each in [None, "", *NO_TEXTS])


@pytest.mark.parametrize("message", list(malformed()), ids=lambda message: str(message)[:40])
async def test_a_malformed_message_closes_the_socket(message: Any) -> None:
    async with server() as connect:
        async with connect() as socket:
            socket.say(message)

            assert await socket.closed() == 4400
        await is_answered(connect)


WRONG: dict[str, list[Any]] = {
    "id": [None, "", 7, True, [], {}],
    "payload": [None, "x", "{ hello }", 7, [], [{"query": "{ hello }"}], {}],
    "query": [None, 7, True, [], {}, ["{ hello }"]],
    "variables": ["x", 7, [], [{}], True],
    "operationName": [7, [], {}, True],
    "extensions": ["x", 7, [], True],
}


def operations() -> Iterator[dict[str, Any]]:
    payload = {"query": "{ hello }"}
    yield from ({"id": "1"}, {"payload": payload})
    for name, values in WRONG.items():
        for value in values:
            whole = {"id": "1", "payload": payload}
            yield whole | ({name: value} if name in whole else {"payload": payload | {name: value}})


@pytest.mark.parametrize("operation", list(operations()), ids=str)
async def test_a_malformed_operation_closes_the_socket(operation: dict[str, Any]) -> None:
    async with server() as connect:
        async with connect() as socket:
            await begun(socket)
            socket.say({"type": "subscribe", **operation})

            assert await socket.closed() == 4400
        await is_answered(connect)


@pytest.mark.parametrize("nothing", [{}, {"payload": None}, {"payload": {}}])
async def test_a_first_message_may_say_nothing(nothing: dict[str, Any]) -> None:
    async with server() as connect, connect() as socket:
        socket.say({**INIT, **nothing})

        assert await socket.message() == ACK


async def test_every_state_has_its_own_code() -> None:
    async with server() as connect:
        async with connect() as early:
            early.say(HELLO)
            assert await early.closed() == 4401
        async with connect() as twice:
            await begun(twice)
            twice.say(INIT)
            assert await twice.closed() == 4429
        async with connect() as hasty:
            hasty.say(INIT)
            hasty.say(INIT)
            assert await hasty.closed() == 4429
        async with connect() as double:
            await begun(double)
            endless = {"id": "1", "type": "subscribe", "payload": {"query": "subscription { endless }"}}
            double.say(endless)
            double.say(endless)
            assert await double.closed() == 4409


async def test_a_completed_or_unknown_id_can_be_completed_again() -> None:
    async with server() as connect, connect() as socket:
        await begun(socket)
        socket.say({"id": "never", "type": "complete"})
        for _ in range(2):
            socket.say(HELLO)
            assert (await socket.message())["type"] == "next"
            assert (await socket.message())["type"] == "complete"
            socket.say({"id": "1", "type": "complete"})

        socket.say({"type": "ping", "payload": None})
        assert await socket.message() == {"type": "pong"}


async def test_a_ping_comes_back_with_its_payload() -> None:
    payload = {"a": [1, None, "ä \U0001f600"], "b": {"c": True}}
    async with server() as connect, connect() as socket:
        socket.say({"type": "pong"})
        socket.say({"type": "pong", "payload": payload})
        socket.say({"type": "ping", "payload": payload})

        assert await socket.message() == {"type": "pong", "payload": payload}


@pytest.mark.parametrize("payload", [b"", b"{}", json.dumps(INIT).encode(), b"\xff\xfe"])
async def test_a_binary_message_closes_the_socket(payload: bytes) -> None:
    async with server() as connect, connect() as socket:
        socket.frame(BINARY, payload)

        assert await socket.closed() == 4400


@pytest.mark.parametrize("text", [b"\xff", b'{"type": "ping\xc3"}', b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
async def test_text_that_is_not_utf_8_closes_the_socket(text: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    async with server() as connect:
        async with connect() as socket:
            socket.frame(TEXT, text)

            assert await socket.closed() == 1007
        await is_answered(connect)
    assert '"error"' not in capsys.readouterr().err


async def test_a_message_may_come_in_pieces_with_a_ping_between() -> None:
    text = json.dumps({"type": "ping", "payload": {"text": "ä"}}, ensure_ascii=False).encode()
    async with server() as connect, connect() as socket:
        socket.frame(TEXT, text[:-5], fin=False)
        socket.frame(PING, b"still there?")
        socket.frame(CONTINUATION, text[-5:-4], fin=False)
        for _ in range(1000):
            socket.frame(CONTINUATION, b"", fin=False)
        socket.frame(CONTINUATION, text[-4:])

        assert await socket.hear() == (PONG, b"still there?")
        assert await socket.message() == {"type": "pong", "payload": {"text": "ä"}}


async def test_bytes_may_come_one_by_one_and_messages_together() -> None:
    async with server() as connect, connect() as socket:
        for byte in b'\x81\x8f\0\0\0\0{"type":"ping"}':
            socket.write(bytes([byte]))
        assert await socket.message() == {"type": "pong"}

        socket.write(b'\x81\x8f\0\0\0\0{"type":"ping"}' * 1000)
        for _ in range(1000):
            assert await socket.message() == {"type": "pong"}


async def test_a_message_of_the_greatest_size_is_read() -> None:
    head = '{"type":"ping","payload":{"a":"'
    async with server() as connect, connect() as socket:
        socket.say(head + "x" * (LIMIT - len(head) - 3) + '"}}')

        assert (await socket.message())["type"] == "pong"


async def test_a_message_above_its_limit_is_refused_by_its_head_alone() -> None:
    async with server() as connect:
        async with connect() as socket:
            socket.write(b"\x81\xff" + (LIMIT + 1).to_bytes(8) + bytes(4))
            assert await socket.closed() == 1009
        async with connect() as socket:
            socket.write(b"\x81\xff" + b"\x7f" + b"\xff" * 7 + bytes(4))
            assert await socket.closed() == 1009
        async with connect() as socket:
            for number in range(5):
                socket.frame(CONTINUATION if number else TEXT, b" " * 60_000, fin=False)
            assert await socket.closed() == 1009
        await is_answered(connect)


WRONG_FRAMES: dict[str, list[tuple[int, bytes, dict[str, Any]]]] = {
    "not masked": [(TEXT, b"{}", {"masked": False})],
    "first reserved bit": [(TEXT, b"{}", {"bits": 0x40})],
    "other reserved bits": [(TEXT, b"{}", {"bits": 0x30})],
    "unknown opcode": [(0x3, b"{}", {})],
    "unknown control opcode": [(0xB, b"", {})],
    "long ping": [(PING, b"x" * 126, {})],
    "long close": [(CLOSE, b"\x03\xe8" + b"x" * 124, {})],
    "ping in pieces": [(PING, b"x", {"fin": False})],
    "close in pieces": [(CLOSE, b"\x03\xe8", {"fin": False})],
    "piece of nothing": [(CONTINUATION, b"{}", {})],
    "message inside another": [(TEXT, b"{", {"fin": False}), (TEXT, b"}", {})],
    "close with half a code": [(CLOSE, b"\x03", {})],
    "close with a forbidden code": [(CLOSE, (1005).to_bytes(2), {})],
    "close with a code of nobody": [(CLOSE, (999).to_bytes(2), {})],
    "close inside a message": [(TEXT, b"{", {"fin": False}), (CLOSE, b"\x03\xe8", {})],
}


@pytest.mark.parametrize("frames", WRONG_FRAMES.values(), ids=WRONG_FRAMES.keys())
async def test_a_frame_against_the_rules_closes_the_socket(frames: list[tuple[int, bytes, dict[str, Any]]]) -> None:
    async with server() as connect:
        async with connect() as socket:
            await begun(socket)
            for opcode, payload, more in frames:
                socket.frame(opcode, payload, **more)

            assert await socket.closed() == 1002
        await is_answered(connect)


async def test_a_reason_to_close_that_is_not_utf_8_is_refused() -> None:
    async with server() as connect, connect() as socket:
        socket.frame(CLOSE, b"\x03\xe8\xff")

        assert await socket.closed() == 1007


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9gone", b"\x0f\xa0\xc3\xa4"])
async def test_a_close_is_echoed_and_nothing_after_it_is_heard(payload: bytes) -> None:
    async with server() as connect, connect() as socket:
        await begun(socket)
        socket.frame(CLOSE, payload)
        socket.say(HELLO)

        assert await socket.hear() == (CLOSE, payload)
        await socket.ended()


async def test_control_frames_are_answered_and_strange_pongs_are_not() -> None:
    async with server() as connect, connect() as socket:
        socket.frame(PONG, b"nobody asked")
        socket.frame(PING)
        socket.frame(PING, b"x" * 125)

        assert await socket.hear() == (PONG, b"")
        assert await socket.hear() == (PONG, b"x" * 125)


async def test_a_client_may_leave_in_the_middle_of_anything() -> None:
    async with server() as connect:
        for part in (b"", b"\x81", b"\x81\xfe\x10", b"\x81\x85\0\0\0\0ab", b"\x01\x82\0\0\0\0{}"):
            async with connect() as socket:
                await begun(socket)
                socket.say({**HELLO, "payload": {"query": "subscription { endless }"}})
                socket.write(part)
        await is_answered(connect)


async def test_compression_is_not_agreed_to() -> None:
    async with (
        server() as connect,
        connect(sec_websocket_extensions="permessage-deflate; client_no_context_takeover") as it,
    ):
        assert it.status == 101
        assert "sec-websocket-extensions" not in it.head


@pytest.mark.parametrize(
    "offer", ["graphql-transport-ws, graphql-ws", "graphql-ws ,graphql-transport-ws", "a,graphql-transport-ws"]
)
async def test_the_protocol_is_chosen_from_many(offer: str) -> None:
    async with server() as connect, connect(sec_websocket_protocol=offer) as socket:
        assert "sec-websocket-protocol: graphql-transport-ws\r\n" in socket.head


@pytest.mark.parametrize("offer", [None, "graphql-ws", "chat", "GRAPHQL-TRANSPORT-WS", "graphql-transport-wss"])
async def test_other_protocols_are_not_acceptable(offer: str | None) -> None:
    async with server() as connect, connect(sec_websocket_protocol=offer) as socket:
        assert await socket.closed() == 4406
        assert "sec-websocket-protocol" not in socket.head


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_websocket_version": "8"}, 400),
        ({"sec_websocket_version": None}, 400),
        ({"sec_websocket_key": None}, 400),
        ({"sec_websocket_key": "short"}, 400),
        ({"origin": "https://evil.example"}, 403),
    ],
)
async def test_a_handshake_against_the_rules_is_refused(headers: dict[str, str | None], status: int) -> None:
    async with server() as connect:
        async with connect(**headers) as socket:
            assert socket.status == status
        await is_answered(connect)


async def test_who_was_refused_and_leaves_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    forget, forgotten = Wire.connection_lost, asyncio.Event()

    def watched(wire: Wire, error: Exception | None) -> None:
        forget(wire, error)
        forgotten.set()

    monkeypatch.setattr(Wire, "connection_lost", watched)
    async with server() as connect:
        async with connect(origin="https://evil.example") as socket:
            await socket.ended()

        await asyncio.wait_for(forgotten.wait(), raw.SECONDS)
