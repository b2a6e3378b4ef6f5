"""GraphQL over a WebSocket, message by message, against the real server."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from aperture.server import PING_SECONDS
from aperture.socket import SocketLimits
from core import clock, telemetry
from core.errors import ApiError, Unavailable
from core.limits import Limits
from core.tokens import SESSION_MEMORY_SECONDS
from core.viewer import Viewer
from tests.small_graph import ANA, ORIGIN, SECRET, World, serving, small_application

PROTOCOL = Subprotocol("graphql-transport-ws")
INIT = {"type": "connection_init"}


@pytest.fixture(autouse=True, scope="module")
def _logs() -> None:
    telemetry.configure()


@pytest.fixture
def world() -> World:
    return World()


@asynccontextmanager
async def sockets(world: World, **limits: Any) -> AsyncIterator[str]:
    bounds = Limits(**{name: limits.pop(name) for name in list(limits) if name.startswith("connections_")})
    ping_seconds = limits.pop("ping_seconds", PING_SECONDS)
    app = small_application(world, socket_limits=SocketLimits(**limits), limits=bounds)
    async with serving(app, ping_seconds=ping_seconds) as (host, port):
        yield f"ws://{host}:{port}/graphql"


def opened(url: str, **more: Any) -> connect:
    return connect(url, **{"subprotocols": [PROTOCOL], "compression": None, **more})


async def send(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def receive(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def init(socket: ClientConnection, **payload: Any) -> None:
    await send(socket, {**INIT, "payload": payload})
    assert await receive(socket) == {"type": "connection_ack"}


def subscribe(query: str, name: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "subscribe", "payload": {"query": query, **more}}


async def answers(socket: ClientConnection, query: str, **more: Any) -> list[Any]:
    """Everything the server says to one operation, up to its end."""
    await send(socket, subscribe(query, **more))
    return await rest(socket)


async def rest(socket: ClientConnection) -> list[Any]:
    """What the server still says to the only operation."""
    said = [await receive(socket)]
    while said[-1]["type"] == "next":
        said.append(await receive(socket))
    return said


async def closed(socket: ClientConnection) -> int | None:
    """The code the server closes with; what it said before is dropped."""
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            async for _ in socket:
                continue
        await socket.wait_closed()
    return socket.close_code


async def test_the_protocol_is_acknowledged_and_a_null_payload_is_fine(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, {**INIT, "payload": None})

        assert socket.subprotocol == PROTOCOL
        assert await receive(socket) == {"type": "connection_ack"}


async def test_a_subscription_sends_its_events_and_completes(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        said = await answers(socket, "subscription { count(to: 2) }")

    assert said == [
        {"id": "1", "type": "next", "payload": {"data": {"count": 0}}},
        {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
        {"id": "1", "type": "complete"},
    ]


@pytest.mark.parametrize(
    "query", ["query Q($n: String) { rename: hello(name: $n) }", "mutation($n: String!) { rename(name: $n) }"]
)
async def test_queries_and_mutations_work_too(world: World, query: str) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        said = await answers(socket, query, variables={"n": "Ana"}, operationName=None, extensions={})

    assert [one["type"] for one in said] == ["next", "complete"]
    assert "Ana" in said[0]["payload"]["data"]["rename"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "PARSE_FAILED"),
        ("{ nothing }", "VALIDATION_FAILED"),
        ("query($a: Int!) { text(length: $a) }", "BAD_USER_INPUT"),
        ("subscription($a: Int!) { count(to: $a) }", "BAD_USER_INPUT"),
        ("{ " + "a { " * 20 + "a" + " }" * 21, "DEPTH_LIMIT_EXCEEDED"),
    ],
)
async def test_a_wrong_document_is_an_error_and_the_socket_lives_on(world: World, query: str, code: str) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        said = await answers(socket, query)

        assert [one["type"] for one in said] == ["error"]
        assert said[0]["payload"][0]["extensions"]["code"] == code
        assert said[0]["payload"][0]["extensions"]["traceId"] == socket.response.headers["x-request-id"]  # type: ignore[union-attr]
        assert (await answers(socket, "{ hello }"))[0]["type"] == "next"


async def test_what_breaks_is_masked_wherever_it_breaks(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        field = await answers(socket, "{ broken }")
        source = await answers(socket, "subscription { breaks }")

    assert [one["type"] for one in field] == ["next", "complete"]
    assert [one["type"] for one in source] == ["next", "error"]
    assert source[1]["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert SECRET not in json.dumps([field, source])


async def test_the_context_is_new_per_operation_and_renewed_per_event(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        first = await answers(socket, "subscription { renewals }")
        second = await answers(socket, "subscription { renewals }")

    for said in (first, second):
        assert [one["payload"]["data"]["renewals"] for one in said[:-1]] == [1, 2]
    assert len(world.contexts) == 2


async def test_ping_is_answered_with_its_payload_also_before_the_beginning(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, {"type": "ping"}, {"type": "ping", "payload": {"a": 1}}, {"type": "pong"})

        assert await receive(socket) == {"type": "pong"}
        assert await receive(socket) == {"type": "pong", "payload": {"a": 1}}


@pytest.mark.parametrize(
    "message",
    [
        b"{}",
        json.dumps(INIT).encode(),
        "",
        "{",
        "null",
        "7",
        "[]",
        json.dumps([INIT]),
        {},
        {"type": None},
        {"type": 1},
        {"type": "unknown"},
        {"type": "connection_ack"},
        {"type": "start", "id": "1", "payload": {"query": "{ hello }"}},
        {"type": "connection_init", "payload": "x"},
        {"type": "connection_init", "payload": []},
        {"type": "connection_init", "payload": {"authorization": 7}},
        {"type": "ping", "payload": "x"},
        {"type": "pong", "payload": []},
        {"type": "complete"},
        {"type": "complete", "id": 7},
    ],
)
async def test_a_malformed_message_closes_the_socket(world: World, message: Any) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, message)

        assert await closed(socket) == 4400


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe", "payload": {"query": "{ hello }"}},
        {"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}},
        {"type": "subscribe", "id": 7, "payload": {"query": "{ hello }"}},
        {"type": "subscribe", "id": "1"},
        {"type": "subscribe", "id": "1", "payload": "x"},
        {"type": "subscribe", "id": "1", "payload": []},
        {"type": "subscribe", "id": "1", "payload": {}},
        {"type": "subscribe", "id": "1", "payload": {"query": 7}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": "x"}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "operationName": 7}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "extensions": []}},
    ],
)
async def test_a_malformed_operation_closes_the_socket(world: World, message: Any) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        await send(socket, message)

        assert await closed(socket) == 4400


async def test_an_operation_before_the_beginning_is_unauthorized(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, subscribe("{ hello }"))

        assert await closed(socket) == 4401


async def test_a_silent_client_is_closed(world: World) -> None:
    async with sockets(world, init_seconds=0.05) as url, opened(url) as socket:
        assert await closed(socket) == 4408


async def test_the_beginning_comes_once(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        await send(socket, INIT)

        assert await closed(socket) == 4429


async def test_an_id_in_use_closes_the_socket(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { endless }"))
        await receive(socket)
        await send(socket, subscribe("{ hello }"))

        assert await closed(socket) == 4409
    assert world.cancelled.is_set()


async def test_a_completed_operation_ends_and_frees_its_id(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { endless }"))
        await receive(socket)
        await send(socket, {"type": "complete", "id": "1"}, {"type": "complete", "id": "unknown"})
        said = await answers(socket, "{ hello }")

        assert [one["type"] for one in said] == ["next", "complete"]
        await asyncio.wait_for(world.cancelled.wait(), 5)


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["chat"]])
async def test_other_protocols_are_not_spoken(world: World, protocols: list[Subprotocol] | None) -> None:
    async with sockets(world) as url, opened(url, subprotocols=protocols) as socket:
        assert await closed(socket) == 4406


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_pages_of_other_origins_are_refused_in_the_handshake(world: World, origin: str) -> None:
    async with sockets(world) as url:
        with pytest.raises(InvalidStatus) as refused:
            await opened(url, origin=Origin(origin))

    assert refused.value.response.status_code == 403


async def test_pages_of_listed_origins_may_connect(world: World) -> None:
    async with sockets(world) as url, opened(url, origin=Origin(ORIGIN)) as socket:
        await init(socket)


@pytest.mark.parametrize(
    "payload",
    [{"authorization": "Bearer good"}, {"authorization": "good"}, {"Authorization": "Bearer good"}],
)
async def test_the_token_comes_in_the_first_message(world: World, payload: dict[str, str]) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket, **payload)
        said = await answers(socket, "{ whoami }")

    assert said[0]["payload"]["data"] == {"whoami": str(ANA)}


async def test_a_bad_token_is_forbidden_so_that_clients_come_back_with_another(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, {**INIT, "payload": {"authorization": "bad"}})

        assert await closed(socket) == 4403


async def test_while_nobody_can_say_who_it_is_clients_are_sent_to_try_later(world: World) -> None:
    world.failure = Unavailable()
    async with sockets(world) as url, opened(url) as socket:
        await send(socket, {**INIT, "payload": {"authorization": "good"}})

        assert await closed(socket) == 1013


async def test_a_token_that_expires_closes_the_socket(world: World) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    world.viewers["good"] = Viewer(id=ANA, expires_at=at + timedelta(milliseconds=1))
    with clock.frozen(at):
        async with sockets(world, check_seconds=0.01) as url, opened(url) as socket:
            await init(socket, authorization="good")
            world.viewers["good"] = Viewer(id=ANA, expires_at=at)

            assert await closed(socket) == 4403


async def test_a_session_that_ends_closes_the_socket(world: World) -> None:
    async with sockets(world, check_seconds=0.01) as url, opened(url) as socket:
        await init(socket, authorization="good")
        world.failure = ApiError("UNAUTHENTICATED", "The session has ended.")

        assert await closed(socket) == 4403


def test_a_session_that_ends_elsewhere_closes_its_sockets_within_five_seconds() -> None:
    assert SocketLimits().check_seconds + SESSION_MEMORY_SECONDS <= 5


async def test_a_session_that_cannot_be_checked_keeps_its_socket(world: World) -> None:
    asked = asyncio.Semaphore(0)

    class Counting(World):
        async def look(self, viewers: Sequence[Viewer]) -> list[Viewer | None]:
            asked.release()
            return await super().look(viewers)

    counting = Counting()
    async with sockets(counting, check_seconds=0.01) as url, opened(url) as socket:
        await init(socket, authorization="good")
        counting.failure = Unavailable()
        for _ in range(3):
            await asyncio.wait_for(asked.acquire(), 5)

        assert (await answers(socket, "{ hello }"))[0]["type"] == "next"


async def test_operations_per_socket_are_bounded(world: World) -> None:
    async with sockets(world, operations=1) as url, opened(url) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { endless }"))
        await receive(socket)
        await send(socket, subscribe("{ hello }", "2"))
        refused = await receive(socket)

        assert (refused["id"], refused["type"]) == ("2", "error")
        assert refused["payload"][0]["extensions"]["code"] == "COST_LIMIT_EXCEEDED"


async def test_sockets_per_person_are_bounded(world: World) -> None:
    async with sockets(world, connections_per_person=1) as url, opened(url) as first, opened(url) as second:
        await init(first, authorization="good")
        await send(second, {**INIT, "payload": {"authorization": "good"}})

        assert await closed(second) == 4413
        assert (await answers(first, "{ hello }"))[0]["type"] == "next"


async def test_sockets_of_nobody_in_particular_are_bounded_by_network(world: World) -> None:
    async with sockets(world, connections_per_network=1) as url, opened(url) as first, opened(url) as second:
        await init(first)
        await send(second, INIT)

        assert await closed(second) == 4413
        async with opened(url) as third:
            await init(third, authorization="good")


async def test_a_suspension_closes_the_socket(world: World) -> None:
    async with sockets(world, check_seconds=0.01) as url, opened(url) as socket:
        await init(socket, authorization="good")
        world.viewers["good"] = Viewer(id=ANA, status="SUSPENDED")

        assert await closed(socket) == 4403

        async with opened(url) as again:
            await init(again, authorization="good")
            assert (await answers(again, "{ hello }"))[0]["type"] == "next"


async def test_a_client_that_does_not_read_is_sent_away(world: World) -> None:
    async with sockets(world, ping_seconds=0.2) as url, opened(url, max_queue=1) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { flood }"))
        await asyncio.wait_for(world.cancelled.wait(), 5)

        assert await closed(socket) == 4413


async def test_a_client_that_is_too_slow_is_told_where_to_go_on(world: World) -> None:
    async with sockets(world, patience_seconds=0.05) as url, opened(url, max_queue=1) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { log { cursor text } }"))
        await asyncio.wait_for(world.cancelled.wait(), 5)
        said = await rest(socket)

    *events, last = [one["payload"]["data"]["log"] for one in said[:-1]]
    assert said[-1] == {"id": "1", "type": "complete"}
    assert [event["cursor"] for event in events] == [str(number + 1) for number in range(len(events))]
    assert last["text"] == "slow"
    assert last["cursor"] in {event["cursor"] for event in events[-2:]}


async def test_a_client_that_is_slow_for_a_while_loses_nothing(world: World) -> None:
    async with sockets(world) as url, opened(url, max_queue=1) as socket:
        await init(socket)
        await send(socket, subscribe("subscription { log(to: 40) { cursor } }"))
        await asyncio.wait_for(world.reached.wait(), 5)
        said = await rest(socket)

    assert [one["payload"]["data"]["log"]["cursor"] for one in said[:-1]] == [str(n + 1) for n in range(40)]


async def test_a_burst_reaches_a_client_that_reads(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        said = await answers(socket, "subscription { count(to: 500) }")

    assert [one["payload"]["data"]["count"] for one in said[:-1]] == list(range(500))


async def test_a_message_above_its_limit_closes_the_socket(world: World) -> None:
    async with sockets(world) as url, opened(url) as socket:
        await init(socket)
        await send(socket, "x" * (256 * 1024 + 1))

        assert await closed(socket) == 1009


async def test_when_the_process_ends_clients_are_told_to_come_back(world: World) -> None:
    async with sockets(world) as url:
        socket = await opened(url)
        await init(socket)
        await send(socket, subscribe("subscription { endless }"))
        await receive(socket)

    assert await closed(socket) == 1012
    assert world.cancelled.is_set()


async def test_on_sigterm_sockets_move_on_and_running_operations_are_answered(world: World) -> None:
    app = small_application(world)
    async with serving(app) as (host, port), opened(f"ws://{host}:{port}/graphql") as socket:
        await init(socket)
        await send(socket, subscribe("subscription { endless }"))
        await receive(socket)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /graphql?query={slow} HTTP/1.1\r\nhost: x\r\n\r\n")
        world.reached.clear()
        await asyncio.wait_for(world.reached.wait(), 5)
        signal.raise_signal(signal.SIGTERM)

        assert await closed(socket) == 1012
        world.gate.set()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert b'{"data":{"slow":"done"}}' in answer
    assert b"connection: close" in answer


async def test_the_operation_ends_when_the_client_leaves(world: World) -> None:
    async with sockets(world) as url:
        async with opened(url) as socket:
            await init(socket)
            await send(socket, subscribe("subscription { endless }"))
            await receive(socket)
        await asyncio.wait_for(world.cancelled.wait(), 5)
