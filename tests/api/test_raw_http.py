"""What no client library would send: each is answered or cut off as HTTP says, and the next request as ever."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from core.limits import DEFAULTS
from tests.small_graph import ANA, World, serving, small_application

HELLO = b'{"query": "{ hello }"}'
JSON = b"content-type: application/json\r\n"
LENGTH = b"content-length: %d\r\n" % len(HELLO)
CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HELLO), HELLO)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def address(world: World) -> AsyncIterator[tuple[str, int]]:
    async with serving(small_application(world)) as address:
        yield address


async def told(address: tuple[str, int], *sent: bytes) -> bytes:
    """All that comes back until the server closes the connection, which the last request asks it to do."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"".join(sent[:-1]) + sent[-1].replace(b"host: x", b"host: x\r\nconnection: close"))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def post(headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /graphql HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n" + body


async def flood(writer: asyncio.StreamWriter) -> None:
    """Send until the server hears no more."""
    while True:
        writer.write(b"y" * 10_000)
        await writer.drain()


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", answer)]


async def test_requests_in_one_piece_are_answered_in_their_order(address: tuple[str, int]) -> None:
    named = [b'{"query": "{ %b: hello }"}' % name for name in (b"a", b"b", b"c")]
    answer = await told(address, *(post(JSON + b"content-length: %d\r\n" % len(body), body) for body in named))

    assert statuses(answer) == [200, 200, 200]
    assert re.findall(rb'"data":{"(.)"', answer) == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    "request_",
    [
        post(JSON + CHUNKED, CHUNKS),
        post(JSON + CHUNKED, b"16;extension=1\r\n" + HELLO + b"\r\n0\r\ntrailer: 1\r\n\r\n"),
        post(JSON + b"expect: 100-continue\r\n" + LENGTH, HELLO),
        post(JSON + b"Content-Encoding: identity\r\n" + LENGTH, HELLO),
        post(JSON + LENGTH, HELLO).replace(b"/graphql", b"http://elsewhere.example/graphql"),
        post(JSON + LENGTH + b"connection: close\r\n", HELLO).replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["chunked", "trailer", "expect", "identity", "absolute", "http 1.0"],
)
async def test_rare_forms_of_http_are_taken(address: tuple[str, int], request_: bytes) -> None:
    answer = await told(address, request_)

    assert statuses(answer)[-1] == 200
    assert answer.endswith(b'{"data":{"hello":"hello you"}}')


@pytest.mark.parametrize(
    "request_",
    [
        post(JSON + LENGTH + CHUNKED, CHUNKS),
        post(JSON + CHUNKED + LENGTH, CHUNKS),
        post(JSON + LENGTH + b"content-length: 5\r\n", HELLO),
        post(JSON + b"content-length: +22\r\n", HELLO),
        post(JSON + b"content-length: 2 2\r\n", HELLO),
        post(JSON + b"content-length: -1\r\n", HELLO),
        post(JSON + b"content-length: 99999999999999999999\r\n", HELLO),
        post(JSON + b"transfer-encoding: chunked, identity\r\n", CHUNKS),
        post(JSON + b"transfer-encoding : chunked\r\n", CHUNKS),
        post(JSON + b"transfer-encoding: xchunked\r\n", CHUNKS),
        post(JSON + CHUNKED, b"zz\r\n" + HELLO),
        post(JSON + CHUNKED, b"f" * 17 + b"\r\n" + HELLO),
        post(JSON + b"x: a\x00b\r\n" + LENGTH, HELLO),
        post(JSON + b"x y: a\r\n" + LENGTH, HELLO),
        post(JSON + b": a\r\n" + LENGTH, HELLO),
        b"POST /graphql HTTP/9.9\r\n\r\n",
        b"NONSENSE /graphql HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_two_servers_could_read_differently_is_refused_and_cut_off(
    address: tuple[str, int], request_: bytes
) -> None:
    answer = await told(address, request_, post(JSON + LENGTH, HELLO))

    assert statuses(answer) == [400]
    assert b"connection: close" in answer.lower()


async def test_a_body_longer_than_announced_is_not_taken_for_a_request(address: tuple[str, int]) -> None:
    answer = await told(address, post(JSON + LENGTH, HELLO + b"GET /secret"), post(JSON + LENGTH, HELLO))

    assert statuses(answer) in ([400], [200, 400])


async def test_a_body_shorter_than_announced_is_never_run(address: tuple[str, int], world: World) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(JSON + b"content-length: 99\r\n", HELLO))
    writer.write_eof()

    assert await asyncio.wait_for(reader.read(), 10) == b""
    assert world.contexts == []
    writer.close()


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate, gzip", b"x"])
async def test_a_compressed_body_is_not_taken(address: tuple[str, int], encoding: bytes) -> None:
    answer = await told(address, post(JSON + b"content-encoding: " + encoding + b"\r\n" + LENGTH, HELLO))

    assert statuses(answer) == [415]


async def test_a_body_announced_as_too_large_is_refused_before_it_comes(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(JSON + b"content-length: %d\r\n" % (DEFAULTS.message_bytes + 1)))
    status = await reader.readline()
    writer.close()

    assert status.startswith(b"HTTP/1.1 413 ")


async def test_an_address_of_more_than_32_kilobytes_is_refused(address: tuple[str, int]) -> None:
    answer = await told(address, b"GET /graphql?query=%b HTTP/1.1\r\nhost: x\r\n\r\n" % (b"x" * 33_000))

    assert statuses(answer) == [431]


@pytest.mark.parametrize("end", [b"0\r\nx: ", b"16;x="])
async def test_what_stands_between_chunks_is_bounded(address: tuple[str, int], end: bytes) -> None:
    _, writer = await asyncio.open_connection(*address)
    writer.write(post(JSON + CHUNKED, end))

    async with asyncio.timeout(10):
        with pytest.raises(ConnectionError):
            await flood(writer)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON + b"authorization: Bearer good\r\nauthorization: Bearer good\r\n", 401),
        (JSON + b"authorization: Bearer bad\r\nauthorization: Bearer good\r\n", 401),
        (JSON + b"authorization: Bearer \xff\r\n", 401),
        (JSON + b"content-type: text/plain\r\n", 415),
        (JSON + b"accept: text/html\r\naccept: application/json\r\n", 200),
        (JSON + b"accept: application/json;q=nan, text/html\r\n", 406),
    ],
)
async def test_a_header_that_comes_twice_is_one(address: tuple[str, int], headers: bytes, status: int) -> None:
    answer = await told(address, post(headers + LENGTH, HELLO))

    assert statuses(answer) == [status]
    assert str(ANA).encode() not in answer


@pytest.mark.parametrize("wish", [b"a b", b"x" * 65, b"a\r\nx-request-id: b", b"\xff", b"<script>", b"", b"../../a\\"])
async def test_a_hostile_request_id_is_replaced(address: tuple[str, int], wish: bytes) -> None:
    answer = await told(address, post(JSON + b"x-request-id: " + wish + b"\r\n" + LENGTH, HELLO))

    assert re.search(rb"\r\nx-request-id: [0-9a-f]{32}\r\n", answer)


async def test_a_stream_is_never_compressed(address: tuple[str, int]) -> None:
    wanted = JSON + b"accept: text/event-stream\r\naccept-encoding: gzip\r\n"
    answer = await told(address, post(wanted + LENGTH, HELLO))

    assert b"content-encoding" not in answer
    assert b"data: {" in answer
