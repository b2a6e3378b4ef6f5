"""GraphQL over HTTP, byte by byte where it matters."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from aperture.admission import Admission
from core import telemetry
from core.errors import Unavailable
from core.limits import DEFAULTS, Limits
from tests.small_graph import ANA, ORIGIN, SECRET, World, http_client, serving, small_application, small_graph

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture(autouse=True, scope="module")
def _logs() -> None:
    telemetry.configure()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(small_application(world)) as client:
        yield client


async def post(http: httpx2.AsyncClient, query: str, accept: str = GRAPHQL, **more: Any) -> httpx2.Response:
    return await http.post("/graphql", json={"query": query, **more}, headers={"accept": accept})


def code(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("media_type", [GRAPHQL, JSON])
async def test_a_query_is_answered_in_the_wanted_media_type(http: httpx2.AsyncClient, media_type: str) -> None:
    answer = await post(http, "{ hello }", media_type)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.json() == {"data": {"hello": "hello you"}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, */*;q=0.1", JSON),
        (f"{JSON};q=0, */*;q=0.1", GRAPHQL),
        (f"{'text/html,' * 49}{JSON}", JSON),
        (f"{GRAPHQL}, {JSON}, text/event-stream", GRAPHQL),
        ("text/event-stream;q=0.1, */*;q=0.9", JSON),
        (f"{JSON}, text/event-stream", JSON),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream;q=0.9, */*;q=0.1", "text/event-stream"),
    ],
)
async def test_qualities_and_order_decide_the_media_type(http: httpx2.AsyncClient, accept: str, expected: str) -> None:
    answer = await post(http, "{ hello }", accept)

    assert answer.headers["content-type"].startswith(expected)


@pytest.mark.parametrize(
    "accept", ["text/html", f"{JSON};q=0", "nonsense", f"{JSON};q=0, {GRAPHQL};q=0, */*", "a," * 16_000 + JSON]
)
async def test_other_media_types_are_not_acceptable(http: httpx2.AsyncClient, accept: str) -> None:
    answer = await post(http, "{ hello }", accept)

    assert answer.status_code == 406


@pytest.mark.parametrize(
    ("query", "more", "expected"),
    [
        ("{", {}, "PARSE_FAILED"),
        ("", {}, "PARSE_FAILED"),
        ("{ nothing }", {}, "VALIDATION_FAILED"),
        ("query($a: Int!) { text(length: $a) }", {"variables": {"a": "x"}}, "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", {}, "BAD_USER_INPUT"),
        ("query A { hello }", {"operationName": "B"}, "BAD_USER_INPUT"),
        ("fragment F on Query { hello }", {}, "VALIDATION_FAILED"),
        ("subscription { count }", {}, "BAD_USER_INPUT"),
    ],
)
async def test_a_request_that_cannot_run_has_no_data(
    http: httpx2.AsyncClient, query: str, more: dict[str, Any], expected: str
) -> None:
    strict = await post(http, query, GRAPHQL, **more)
    lenient = await post(http, query, JSON, **more)

    assert (strict.status_code, lenient.status_code) == (400, 200)
    assert code(strict) == code(lenient) == expected
    assert "data" not in strict.json()
    assert strict.json()["errors"][0]["extensions"]["traceId"] == strict.headers["x-request-id"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"{ hello }"',
        b"[]",
        b'[{"query": "{ hello }"}]',
        b"{",
        b"\xff\xfe",
        b'{"query": "{ hello }", "x": "\xff"}',
        b'{"query": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"query": "{ hello }", "variables": {"n": ' + b"9" * 10_000 + b"}}",
        b'{"query": 1}',
        b'{"query": null}',
        b"{}",
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "variables": "{}"}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": "x"}',
    ],
)
async def test_a_malformed_body_is_a_bad_request(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post("/graphql", content=body, headers={"content-type": JSON})

    assert answer.status_code == 400
    assert code(answer) == "BAD_USER_INPUT"


async def test_nulls_stand_for_nothing(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ hello }", variables=None, operationName=None, extensions=None)

    assert answer.json() == {"data": {"hello": "hello you"}}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
    ],
)
async def test_what_a_form_of_another_site_can_send_is_refused(http: httpx2.AsyncClient, content_type: str) -> None:
    answer = await http.post("/graphql", content=b'{"query": "{ hello }"}', headers={"content-type": content_type})

    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; Charset=UTF-8", "application/json;"])
async def test_json_in_utf_8_is_taken(http: httpx2.AsyncClient, content_type: str) -> None:
    body = json.dumps({"query": '{ hello(name: "Zoë 🌻") }'}, ensure_ascii=False).encode()
    answer = await http.post("/graphql", content=body, headers={"content-type": content_type})

    assert answer.json() == {"data": {"hello": "hello Zoë 🌻"}}


async def test_get_runs_queries_with_variables(http: httpx2.AsyncClient) -> None:
    parameters = {"query": "query Q($n: String) { hello(name: $n) }", "variables": '{"n": "Ana"}', "operationName": "Q"}
    answer = await http.get("/graphql", params=parameters)

    assert answer.json() == {"data": {"hello": "hello Ana"}}


async def test_get_changes_nothing(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/graphql", params={"query": "mutation { rename }"})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "query_string", ["", "query=", "query=%ff", "query={hello}&variables=x", "query={hello}&variables=[]"]
)
async def test_a_get_without_a_readable_query_is_a_bad_request(http: httpx2.AsyncClient, query_string: str) -> None:
    answer = await http.get(f"/graphql?{query_string}", headers={"accept": "application/json"})

    assert answer.status_code == 400


async def test_a_wrong_document_by_get_is_answered_as_by_post(http: httpx2.AsyncClient) -> None:
    strict = await http.get("/graphql", params={"query": "{ nothing }"}, headers={"accept": GRAPHQL})
    lenient = await http.get("/graphql", params={"query": "{ nothing }"}, headers={"accept": JSON})

    assert (strict.status_code, lenient.status_code) == (400, 200)
    assert code(strict) == code(lenient) == "VALIDATION_FAILED"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(http: httpx2.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


async def test_a_bearer_token_makes_the_viewer(http: httpx2.AsyncClient) -> None:
    headers = {"authorization": "Bearer good"}
    answer = await http.post("/graphql", json={"query": "{ whoami }"}, headers=headers)

    assert answer.json() == {"data": {"whoami": str(ANA)}}


@pytest.mark.parametrize("authorization", ["Bearer bad", "Basic Z29vZA==", "good", "Bearer "])
async def test_a_bad_token_is_not_nobody(http: httpx2.AsyncClient, authorization: str) -> None:
    headers = {"authorization": authorization}
    answer = await http.post("/graphql", json={"query": "{ whoami }"}, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert code(answer) == "UNAUTHENTICATED"


async def test_while_nobody_can_say_who_calls_the_answer_is_unavailable(http: httpx2.AsyncClient, world: World) -> None:
    world.failure = Unavailable()
    answer = await post(http, "{ whoami }")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] in {"1", "2", "3"}
    assert code(answer) == "UNAVAILABLE"


async def test_unforeseen_errors_are_masked_and_logged_once(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await post(http, "{ a: broken b: hello }")

    error = answer.json()["errors"][0]
    assert answer.status_code == 200
    assert answer.json()["data"] == {"a": None, "b": "hello you"}
    assert (error["message"], error["extensions"]["code"]) == ("Something went wrong.", "INTERNAL")
    assert error["path"] == ["a"]
    assert SECRET not in answer.text
    assert len([line for line in caplog.records if line.name == "aperture.errors"]) == 1


@pytest.mark.parametrize("query", ["{ huge }", "{ needed }"])
async def test_a_value_that_cannot_be_written_is_our_fault(http: httpx2.AsyncClient, query: str) -> None:
    answer = await post(http, query)

    assert code(answer) == "INTERNAL"
    assert "32-bit" not in answer.text


async def test_errors_of_the_contract_keep_their_words(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ forbidden }")

    error = answer.json()["errors"][0]
    assert error["message"] == "Too often."
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAt"].startswith("2030-01-01")


async def test_an_error_outside_of_the_graph_is_masked(http: httpx2.AsyncClient, world: World) -> None:
    world.failure = RuntimeError(SECRET)
    answer = await post(http, "{ hello }")

    assert answer.status_code == 500
    assert code(answer) == "INTERNAL"
    assert SECRET not in answer.text


async def test_at_most_ten_errors_are_told(http: httpx2.AsyncClient) -> None:
    fields = await post(http, "{" + " ".join(f"a{n}: broken" for n in range(20)) + "}")
    document = await post(http, "{" + " ".join(f"a{n}" for n in range(20)) + "}")

    assert len(fields.json()["errors"]) == 10
    assert len(document.json()["errors"]) == 10


async def test_an_error_repeats_little_of_what_was_sent(http: httpx2.AsyncClient) -> None:
    field = await post(http, "{ " + "a" * 19_000 + " }")
    variable = await post(
        http, "query($w: Wish!) { wish(of: $w) }", variables={"w": {"name": "a", "b" * 100_000: 1, "c" * 100_000: 1}}
    )
    nothing = await post(http, "query($w: Wish!) { wish(of: $w) }", variables={"w": None})

    assert (code(field), code(variable)) == ("VALIDATION_FAILED", "BAD_USER_INPUT")
    assert max(len(field.content), len(variable.content)) < 3_000
    assert nothing.json()["errors"][0]["message"].endswith("not to be null.")


async def test_suggestions_and_introspection_are_off_together(world: World) -> None:
    closed = small_application(world, small_graph(allows_introspection=False))
    async with http_client(closed) as http:
        field = await post(http, "{ helo }")
        argument = await post(http, "{ hello(nam: 1) }")
        variable = await post(
            http, "query($w: Wish!) { wish(of: $w) }", variables={"w": {"name": "a", "coun": 1, "count": 1}}
        )
        schema = await post(http, "{ __schema { types { name } } }")

    assert [code(one) for one in (field, argument, schema)] == ["VALIDATION_FAILED"] * 3
    assert code(variable) == "BAD_USER_INPUT"
    assert not any("Did you mean" in one.text for one in (field, argument, variable))


async def test_introspection_is_on_where_it_is_allowed(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ __schema { types { fields { type { ofType { ofType { name } } } } } } }")

    assert "errors" not in answer.json()


async def test_a_body_of_the_allowed_size_passes_and_one_above_does_not(http: httpx2.AsyncClient) -> None:
    frame = len(b'{"query": "{ hello }", "x": ""}')
    fits = b'{"query": "{ hello }", "x": "' + b"x" * (DEFAULTS.message_bytes - frame) + b'"}'
    passes = await http.post("/graphql", content=fits, headers={"content-type": JSON})
    fails = await http.post("/graphql", content=fits + b" ", headers={"content-type": JSON})

    assert passes.status_code == 200
    assert fails.status_code == 413


async def test_an_answer_of_more_than_four_megabytes_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ text(length: 4200000) }")

    assert code(answer) == "COST_LIMIT_EXCEEDED"


async def test_large_answers_are_compressed_when_wanted(http: httpx2.AsyncClient) -> None:
    body = {"query": "{ text(length: 9000) }"}
    wanted = await http.post("/graphql", json=body, headers={"accept-encoding": "br, gzip;q=0.5"})
    unwanted = await http.post("/graphql", json=body, headers={"accept-encoding": "gzip;q=0"})

    assert wanted.headers["content-encoding"] == "gzip"
    assert int(wanted.headers["content-length"]) < 1000
    assert wanted.json() == unwanted.json()
    assert "content-encoding" not in unwanted.headers


async def test_every_answer_carries_the_headers_of_the_house(http: httpx2.AsyncClient) -> None:
    answer = await post(http, "{ hello }")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]
    assert {"accept", "accept-encoding", "origin"} <= {one.strip() for one in answer.headers["vary"].split(",")}


async def test_pages_carry_them_too(http: httpx2.AsyncClient) -> None:
    page = await http.get("/health/live")

    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_a_sane_request_id_comes_back_and_a_hostile_one_does_not(http: httpx2.AsyncClient) -> None:
    sane = await http.post("/graphql", json={"query": "{"}, headers={"x-request-id": "client-1.a_B"})
    hostile = await http.post("/graphql", json={"query": "{"}, headers={"x-request-id": "a<script>"})

    assert sane.headers["x-request-id"] == "client-1.a_B"
    assert sane.json()["errors"][0]["extensions"]["traceId"] == "client-1.a_B"
    assert len(hostile.headers["x-request-id"]) == 32


async def test_listed_origins_may_call_from_a_browser(http: httpx2.AsyncClient) -> None:
    asks = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    asked = await http.options("/graphql", headers=asks)
    called = await http.post("/graphql", json={"query": "{ hello }"}, headers={"origin": ORIGIN})

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-headers"] == "content-type"
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert called.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:3000", "https://app.example.evil"]
)
async def test_other_origins_may_not(http: httpx2.AsyncClient, origin: str) -> None:
    asked = await http.options("/graphql", headers={"origin": origin, "access-control-request-method": "POST"})
    called = await http.post("/graphql", json={"query": "{ hello }"}, headers={"origin": origin})

    assert asked.status_code == 405
    assert "access-control-allow-origin" not in called.headers


async def test_an_operation_ends_when_its_time_is_over(world: World) -> None:
    async with http_client(small_application(world, small_graph(seconds=0.05))) as http:
        answer = await post(http, "{ slow }")

    assert answer.status_code == 504
    assert code(answer) == "TIMEOUT"
    assert world.cancelled.is_set()


async def test_above_the_running_and_the_waiting_operations_the_rest_is_turned_away(world: World) -> None:
    graph = small_graph(admission=Admission(running=1, waiting=1))
    async with http_client(small_application(world, graph)) as http:
        first = asyncio.create_task(post(http, "{ slow }"))
        await world.reached.wait()
        second = asyncio.create_task(post(http, "{ hello }"))
        third = asyncio.create_task(post(http, "{ hello }"))
        refused = await next(asyncio.as_completed([second, third]))
        world.gate.set()
        answered = await asyncio.gather(first, second, third)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == str(refused.json()["errors"][0]["extensions"]["retryAfter"])
    assert sorted(one.status_code for one in answered) == [200, 200, 503]


async def test_each_operation_has_a_context_of_its_own(http: httpx2.AsyncClient, world: World) -> None:
    headers = {"x-request-id": "one", "user-agent": "test", "accept": JSON}
    await http.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    await http.post("/graphql", json={"query": "{ hello }"}, headers=headers)

    assert len(world.contexts) == 2
    info = world.contexts[0].info
    assert (info.request_id, info.user_agent, info.accept) == ("one", "test", JSON)


async def test_one_line_is_logged_per_request(http: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    await http.post(
        "/graphql?token=secret",
        json={"query": 'query Feed { hello(name: "private") }'},
        headers={"authorization": "Bearer good"},
    )

    lines = [line for line in capsys.readouterr().err.splitlines() if "aperture.requests" in line]
    assert len(lines) == 1
    assert all(word in lines[0] for word in ("Feed", str(ANA), "200", "/graphql"))
    assert not any(word in lines[0] for word in ("private", "good", "secret"))


async def test_the_operation_is_cancelled_when_the_client_leaves(world: World) -> None:
    async with serving(small_application(world)) as (host, port):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(_request(b'{"query": "{ slow }"}'))
        await world.reached.wait()
        writer.close()
        await asyncio.wait_for(world.cancelled.wait(), 5)


async def test_a_chunked_body_is_bounded_too(world: World) -> None:
    async with serving(small_application(world)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
        writer.write(b"transfer-encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        writer.write(chunk * (DEFAULTS.message_bytes // 0x10000 + 1))
        status = await reader.readline()
        writer.close()

    assert status.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"x-%d: 1\r\n" % number for number in range(101)),
        b"x: " + b"y" * 33_000 + b"\r\n",
        b"x: " + b"y" * 300_000,
    ],
)
async def test_too_many_and_too_large_headers_are_refused(world: World, headers: bytes) -> None:
    async with serving(small_application(world)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /health/live HTTP/1.1\r\n" + headers + b"\r\n")
        status = await reader.readline()
        writer.close()

    assert status.startswith(b"HTTP/1.1 431 ")


async def test_a_large_body_is_not_taken_for_headers(world: World) -> None:
    async with serving(small_application(world)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        body = b'{"query": "{ hello }", "x": "' + b"x" * 200_000 + b'"}'
        for _ in range(2):
            writer.write(_request(body))
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            assert b'"hello you"' in await reader.readuntil(b"}}")
        writer.close()


async def test_headers_must_arrive_in_time(world: World) -> None:
    async with serving(small_application(world), limits=Limits(header_seconds=0.05)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /health/live HTTP/1.1\r\nhost:")
        status = await reader.readline()
        writer.close()

    assert status.startswith(b"HTTP/1.1 408 ")


async def test_headers_behind_a_whole_request_must_arrive_in_time_too(world: World) -> None:
    async with serving(small_application(world), limits=Limits(header_seconds=0.05)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(_request(b'{"query": "{ hello }"}') + b"GET /health/live HTTP/1.1\r\nhost:")
        told = await reader.read()
        writer.close()

    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in told


async def test_a_body_must_arrive_in_time(world: World) -> None:
    async with serving(small_application(world, limits=Limits(body_seconds=0.05))) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(_request(b"{}").replace(b"length: 2", b"length: 9"))
        status = await reader.readline()
        writer.close()

    assert status.startswith(b"HTTP/1.1 408 ")


async def test_a_running_request_is_answered_before_the_process_ends(world: World) -> None:
    async with serving(small_application(world)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(_request(b'{"query": "{ slow }"}'))
        await world.reached.wait()
        asyncio.get_running_loop().call_later(0.2, world.gate.set)

    assert b"200 OK" in await reader.readline()
    writer.close()


def _request(body: bytes) -> bytes:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body
