"""One trace from a tap to the socket of another person: request, phases, statements, tasks, event."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core import tracing
from core.backends import Backends
from core.db import Database
from core.otlp import OtlpTracer
from core.settings import Settings
from tests.factories.people import person
from tests.factories.posts import post
from tests.factories.sessions import enter
from tests.realtime.sockets import Api, api_on_a_port, working
from tests.small_graph import SECRET, World, http_client, small_application

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
WATCH = """subscription Watch($postIds: [ID!]!, $after: String) { postEvents(postIds: $postIds, after: $after) {
  __typename ... on StreamResetEvent { reason } ... on PostEngagementEvent { post { commentCount } } } }"""
COMMENT = """mutation Comment($input: AddCommentInput!) { addComment(input: $input) {
  comment { id author { handle } } errors { code } } }"""


class Spans:
    """What was traced so far."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = OtlpTracer(self._provider)

    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def of(self, trace: str) -> list[ReadableSpan]:
        return [each for each in self.all() if trace_of(each) == trace]

    def named(self, name: str) -> ReadableSpan:
        (found,) = [each for each in self.all() if each.name == name]
        return found


def trace_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


@pytest.fixture
def spans() -> Iterator[Spans]:
    traced = Spans()
    tracing.use(traced.tracer)
    yield traced
    tracing.use(None)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(small_application(World())) as client:
        yield client


async def test_a_request_shows_its_operation_and_its_phases(spans: Spans, http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "query Hello { hello }"})

    names = {each.name for each in spans.of(answer.headers["x-request-id"])}
    assert names == {"POST /graphql", "query Hello", "parse", "validate", "execute", "encode"}
    request, operation = spans.named("POST /graphql"), spans.named("query Hello")
    assert operation.parent is not None
    assert operation.parent.span_id == request.context.span_id
    assert (request.attributes or {})["http.response.status_code"] == 200
    assert (operation.attributes or {})["aperture.outcome"] == "OK"


async def test_the_trace_of_the_caller_goes_on(spans: Spans, http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"traceparent": PARENT})

    assert answer.headers["x-request-id"] == TRACE
    assert {each.name for each in spans.of(TRACE)} >= {"POST /graphql", "query unnamed"}


async def test_a_request_id_of_the_callers_own_is_told_beside_the_trace(spans: Spans, http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"x-request-id": "mine"})

    assert answer.headers["x-request-id"] == "mine"
    assert (spans.named("query unnamed").attributes or {})["aperture.request_id"] == "mine"


@pytest.mark.parametrize("parent", ["", "00-0-0-01", PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)])
async def test_what_names_no_trace_begins_one(spans: Spans, http: httpx2.AsyncClient, parent: str) -> None:
    answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"traceparent": parent})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert spans.named("POST /graphql").parent is None


async def test_without_tracing_the_callers_trace_still_names_the_request(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"traceparent": PARENT})

    assert answer.headers["x-request-id"] == TRACE


async def test_an_error_is_told_by_its_class_alone(spans: Spans) -> None:
    with pytest.raises(RuntimeError), tracing.span("broken", "server"):
        raise RuntimeError(SECRET)

    broken = spans.named("broken")
    assert (broken.attributes or {})["error.type"] == "RuntimeError"
    assert not broken.events
    assert SECRET not in broken.to_json()


async def test_what_nobody_asked_for_is_not_traced(spans: Spans) -> None:
    with tracing.span("encode"):
        assert tracing.traceparent() is None
        tracing.call("SELECT", {})(None)

    assert spans.all() == []


async def test_one_trace_leads_from_a_tap_to_the_event_of_another_person(
    spans: Spans, config: Settings, backends: Backends, db: Database
) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    seen = await post(db, ana, caption="Private words")
    async with working(config), api_on_a_port(config) as api:
        tokens = [(await enter(backends, each.user_id)).access_token for each in (ana, ben)]
        trace = await _comment_while_watched(api, tokens, str(seen))

    told = spans.of(trace)
    names = {each.name for each in told}
    assert {"POST /graphql", "mutation Comment", "execute", "level", "INSERT", "task topics.post"} <= names
    assert "event other" in names
    fields = [(each.attributes or {})["aperture.fields"] for each in told if each.name == "level"]
    assert fields[0] == "Mutation.addComment"
    everything = " ".join(each.to_json() for each in told)
    for private in ("Private words", "secret reply", "ana", "ben", str(seen), *tokens):
        assert not re.search(rf"\b{re.escape(private)}\b", everything)


async def _comment_while_watched(api: Api, tokens: list[str], post_id: str) -> str:
    """The trace of the request by which Ben comments on what Ana watches; she has heard of it then."""
    author, commenter = tokens
    async with api.watching(author, WATCH, postIds=[post_id]) as watcher:
        body = {"query": COMMENT, "variables": {"input": {"postId": post_id, "text": "secret reply"}}}
        answer = await api.client.http.post(
            "/graphql", json=body, headers={"authorization": f"Bearer {commenter}", "traceparent": PARENT}
        )
        assert answer.json()["data"]["addComment"]["errors"] == []
        assert (await watcher.event())["__typename"] == "PostEngagementEvent"
    return TRACE
