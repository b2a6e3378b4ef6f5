"""GraphQL over server-sent events, byte by byte, against the real server."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from aperture import server
from aperture.negotiation import seconds_to_wait
from aperture.sse import COMPLETE, HEARTBEAT, StreamLimits, event_of
from core import clock, telemetry
from core.errors import ApiError
from core.limits import Limits
from core.viewer import Viewer
from tests.small_graph import ANA, SECRET, World, serving, small_application

ENDLESS = "subscription { endless }"
GOOD = {"authorization": "Bearer good"}


@pytest.fixture(autouse=True, scope="module")
def _logs() -> None:
    telemetry.configure()


@pytest.fixture
def world() -> World:
    return World()


@dataclass
class Client:
    """One connection that sends bytes and reads the answer as it comes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def head(self) -> None:
        async with asyncio.timeout(5):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name: value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}

    async def chunk(self) -> bytes:
        """The next chunk as the server wrote it; empty at the end."""
        async with asyncio.timeout(5):
            size = int(await self.reader.readline(), 16)
            data = await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        return data

    async def rest(self) -> bytes:
        body = b""
        while data := await self.chunk():
            body += data
        return body

    async def answer(self) -> Any:
        """The body of an answer that is no stream."""
        async with asyncio.timeout(5):
            return json.loads(await self.reader.readexactly(int(self.headers["content-length"])))


@asynccontextmanager
async def served(world: World, per_user: int = 20, **limits: Any) -> AsyncIterator[tuple[str, int]]:
    app = small_application(world, stream_limits=StreamLimits(**limits), limits=Limits(connections_per_person=per_user))
    async with serving(app) as address:
        yield address


@asynccontextmanager
async def asked(address: tuple[str, int], head: str, body: bytes = b"", **headers: str) -> AsyncIterator[Client]:
    sent = {"host": "x", "accept": "text/event-stream", "content-length": str(len(body))} | headers
    reader, writer = await asyncio.open_connection(*address)
    lines = [f"{head} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    client = Client(reader, writer)
    try:
        await client.head()
        yield client
    finally:
        writer.close()


@asynccontextmanager
async def posted(address: tuple[str, int], query: str, **headers: str) -> AsyncIterator[Client]:
    body = json.dumps({"query": query}).encode()
    sent = {"content-type": "application/json"} | headers
    async with asked(address, "POST /graphql", body, **sent) as client:
        yield client


@asynccontextmanager
async def got(address: tuple[str, int], **parameters: str) -> AsyncIterator[Client]:
    async with asked(address, f"GET /graphql?{urlencode(parameters)}") as client:
        yield client


def events(body: bytes) -> list[tuple[str, Any]]:
    """Names and contents of the events in a body; nothing but events may be there."""
    found = []
    for block in body.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        assert name.startswith("event: ")
        assert data.startswith("data: ")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: ") or "null")))
    return found


async def test_a_subscription_by_post_sends_its_events_and_completes(world: World) -> None:
    async with served(world) as address, posted(address, "subscription { count(to: 2) }") as client:
        body = await client.rest()

    assert client.status == 200
    assert body == (
        b'event: next\ndata: {"data":{"count":0}}\n\n'
        b'event: next\ndata: {"data":{"count":1}}\n\n'
        b"event: complete\ndata: \n\n"
    )


async def test_nothing_on_the_way_may_keep_or_pack_a_stream(world: World) -> None:
    headers = {"accept-encoding": "gzip"}
    async with served(world) as address, posted(address, "{ text(length: 9000) }", **headers) as client:
        body = await client.rest()

    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert client.headers["cache-control"] == "no-cache"
    assert client.headers["x-accel-buffering"] == "no"
    assert client.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in client.headers
    assert events(body)[0] == ("next", {"data": {"text": "x" * 9000}})


async def test_a_subscription_by_get(world: World) -> None:
    query = "subscription C($to: Int!) { count(to: $to) }"
    async with served(world) as address, got(address, query=query, variables='{"to": 1}') as client:
        body = await client.rest()

    assert events(body) == [("next", {"data": {"count": 0}}), ("complete", None)]


@pytest.mark.parametrize(
    ("query", "data"), [("{ hello }", {"hello": "hello you"}), ("mutation { rename }", {"rename": "a"})]
)
async def test_queries_and_mutations_answer_once(world: World, query: str, data: Any) -> None:
    async with served(world) as address, posted(address, query) as client:
        body = await client.rest()

    assert events(body) == [("next", {"data": data}), ("complete", None)]


async def test_events_come_as_they_happen(world: World) -> None:
    async with served(world) as address, posted(address, ENDLESS) as client:
        first = await client.chunk()
        assert events(first) == [("next", {"data": {"endless": "first"}})]
        world.gate.set()

        assert await client.rest() == COMPLETE


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "PARSE_FAILED"),
        ("subscription { nothing }", "VALIDATION_FAILED"),
        ("subscription($a: Int!) { count(to: $a) }", "BAD_USER_INPUT"),
        ("{ " + "a { " * 20 + "a" + " }" * 21, "DEPTH_LIMIT_EXCEEDED"),
    ],
)
async def test_a_wrong_document_is_told_in_the_stream(world: World, query: str, code: str) -> None:
    async with served(world) as address, posted(address, query) as client:
        told = events(await client.rest())
    async with served(world) as address, got(address, query=query) as client:
        by_get = events(await client.rest())

    assert client.status == 200
    assert [name for name, _ in told] == [name for name, _ in by_get] == ["next", "complete"]
    assert told[0][1]["errors"][0]["extensions"]["code"] == code
    assert "data" not in told[0][1]


@pytest.mark.parametrize(
    ("head", "body", "headers", "status"),
    [
        ("PUT /graphql", b"", {}, 405),
        ("GET /graphql?query=mutation{rename}", b"", {}, 405),
        ("GET /graphql", b"", {}, 400),
        ("POST /graphql", b"{}", {}, 400),
        ("POST /graphql", b"[", {}, 400),
        ("POST /graphql", b'{"query": "{ hello }"}', {"content-type": "text/plain"}, 415),
        ("POST /graphql", b'{"query": "{ hello }"}', {"authorization": "Bearer bad"}, 401),
        ("POST /graphql", b'{"query": "{ hello }"}', {"accept": "text/event-stream;q=0"}, 406),
    ],
)
async def test_a_wrong_request_is_answered_as_everywhere(
    world: World, head: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json"} | headers
    async with served(world) as address, asked(address, head, body, **sent) as client:
        answer = await client.answer()

    assert client.status == status
    assert client.headers["content-type"] == "application/json; charset=utf-8"
    assert answer["errors"][0]["extensions"]["traceId"] == client.headers["x-request-id"]


async def test_who_lists_streams_last_gets_json(world: World) -> None:
    accept = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    async with served(world) as address, posted(address, "{ hello }", accept=accept) as client:
        assert await client.answer() == {"data": {"hello": "hello you"}}
    async with served(world) as address, posted(address, ENDLESS, accept=accept) as client:
        assert client.status == 400


async def test_what_breaks_in_a_stream_is_masked(world: World) -> None:
    async with served(world) as address, posted(address, "subscription { breaks }") as client:
        body = await client.rest()

    told = events(body)
    assert [name for name, _ in told] == ["next", "next", "complete"]
    assert told[1][1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert SECRET.encode() not in body


async def test_an_event_is_named_by_its_cursor() -> None:
    event = event_of({"data": {"feed": {"cursor": "abc_-=", "n": 1}}})

    assert event == b'event: next\nid: abc_-=\ndata: {"data":{"feed":{"cursor":"abc_-=","n":1}}}\n\n'


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": []},
        {"data": None},
        {"data": {}},
        {"data": {"feed": None}},
        {"data": {"feed": {"cursor": 7}}},
        {"data": {"feed": {"cursor": ""}}},
        {"data": {"feed": {"cursor": "x\ndata: forged"}}},
        {"data": {"feed": {"cursor": "x\x00"}}},
        {"data": {"feed": {"cursor": "x" * 2001}}},
    ],
)
async def test_what_is_no_cursor_names_nothing(answer: Any) -> None:
    assert b"\nid:" not in event_of(answer)
    assert event_of(answer).count(b"\n") == 3


async def test_a_silent_stream_has_a_heartbeat(world: World) -> None:
    async with served(world, heartbeat_seconds=0.01) as address, posted(address, ENDLESS) as client:
        await client.chunk()

        assert [await client.chunk() for _ in range(3)] == [HEARTBEAT] * 3


async def test_the_subscription_ends_when_the_client_leaves(world: World) -> None:
    async with served(world) as address:
        async with posted(address, ENDLESS) as client:
            await client.chunk()
        await asyncio.wait_for(world.cancelled.wait(), 5)


async def test_a_client_that_does_not_read_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "READ_SECONDS", 0.05)
    async with served(world) as address, posted(address, "subscription { flood }"):
        await asyncio.wait_for(world.cancelled.wait(), 5)


async def test_a_client_that_is_too_slow_is_told_where_to_go_on(world: World) -> None:
    query = "subscription { log { cursor text } }"
    async with served(world, patience_seconds=0.05) as address, posted(address, query) as client:
        await asyncio.wait_for(world.cancelled.wait(), 5)
        body = await client.rest()

    *told, last, end = body.split(b"\n\n")[:-1]
    assert end + b"\n\n" == COMPLETE
    assert [event.split(b"\n")[1] for event in told] == [b"id: %d" % (number + 1) for number in range(len(told))]
    assert json.loads(last.partition(b"data: ")[2]) == {"data": {"log": {"cursor": str(len(told)), "text": "slow"}}}


async def test_a_client_that_polls_gets_the_first_events_and_comes_back(world: World) -> None:
    async with served(world) as address, posted(address, ENDLESS, prefer="respond-async, wait=9999") as client:
        body = await client.rest()

    assert client.headers["preference-applied"] == "wait=30"
    assert events(body) == [("next", {"data": {"endless": "first"}})]
    assert world.cancelled.is_set()


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [("wait=5", 5), ("Wait=07; x=1", 7), ("a=b,wait=31", 30), ("", None), ("await=5", None), ("wait=-1", None)],
)
def test_how_long_a_client_wants_to_wait(prefer: str, seconds: int | None) -> None:
    assert seconds_to_wait(prefer) == seconds


async def test_a_token_that_expires_ends_the_stream(world: World) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    world.viewers["good"] = Viewer(id=ANA, expires_at=at + timedelta(milliseconds=1))
    with clock.frozen(at):
        async with served(world, check_seconds=0.01) as address, posted(address, ENDLESS, **GOOD) as client:
            await client.chunk()
            world.viewers["good"] = Viewer(id=ANA, expires_at=at)
            told = events(await client.rest())

    assert [name for name, _ in told] == ["next", "complete"]
    assert told[0][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert world.cancelled.is_set()


async def test_a_session_that_ends_ends_the_stream(world: World) -> None:
    async with served(world, check_seconds=0.01) as address, posted(address, ENDLESS, **GOOD) as client:
        await client.chunk()
        world.failure = ApiError("UNAUTHENTICATED", "The session has ended.")
        told = events(await client.rest())

    assert told[0][1]["errors"][0]["message"] == "The session has ended."


async def test_streams_and_sockets_of_a_person_are_bounded_together(world: World) -> None:
    protocol = Subprotocol("graphql-transport-ws")
    async with served(world, per_user=1) as address, posted(address, ENDLESS, **GOOD) as first:
        await first.chunk()
        async with posted(address, ENDLESS, **GOOD) as second, posted(address, ENDLESS) as nobody:
            assert (second.status, nobody.status) == (429, 200)
        async with connect(f"ws://{address[0]}:{address[1]}/graphql", subprotocols=[protocol]) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": GOOD}))
            await asyncio.wait_for(socket.wait_closed(), 5)
            assert socket.close_code == 4413
        world.gate.set()
        await first.rest()
        async with posted(address, ENDLESS, **GOOD) as third:
            assert third.status == 200


async def test_on_sigterm_streams_are_cut_off_so_that_clients_come_back(world: World) -> None:
    async with served(world) as address, posted(address, ENDLESS) as client:
        await client.chunk()
        signal.raise_signal(signal.SIGTERM)

        assert await client.rest() == b""
        assert world.cancelled.is_set()
        assert await client.reader.read() == b""
