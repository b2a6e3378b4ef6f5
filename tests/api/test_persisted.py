"""Documents known by their hash: over HTTP as Apollo and urql send them, over sockets and streams, in each mode."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from aperture.answers import answers
from aperture.asgi import Application
from aperture.callers import Api, RequestInfo
from aperture.envelope import read_request
from aperture.execution import Graph
from aperture.persisted import BadManifest, Manifest, Mode, Persisted, hash_of
from core.redis import Cache
from core.viewer import Viewer
from tests.small_graph import ANA, SCHEMA, World, http_client, small_application

HELLO = "query Hello($name: String) { hello(name: $name) }"
OTHER = "{ hello }"
COUNT = "subscription { count(to: 1) }"
ANSWER = {"data": {"hello": "hello Ana"}}
NOWHERE = "redis://127.0.0.1:1"
STRICT = {"accept": "application/graphql-response+json"}


def app(mode: Mode = "open", manifest: Manifest | None = None, cache: Cache | None = None) -> Application:
    return small_application(World(), graph(mode, manifest, cache))


def graph(mode: Mode = "open", manifest: Manifest | None = None, cache: Cache | None = None) -> Graph:
    return Graph(SCHEMA._schema, persisted=Persisted(mode, manifest, cache))


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(app()) as client:
        yield client


def apq(text: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}, **more}


def ana(**more: Any) -> dict[str, Any]:
    return {"variables": {"name": "Ana"}, **more}


def code(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_an_unknown_hash_asks_for_its_text_and_is_known_from_then_on(http: httpx2.AsyncClient) -> None:
    miss = await http.post("/graphql", json=apq(HELLO, **ana()))
    told = await http.post("/graphql", json=apq(HELLO, query=HELLO, **ana()))
    hit = await http.post("/graphql", json=apq(HELLO, **ana()))

    assert miss.status_code == 200
    assert miss.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code(miss) == "PERSISTED_OPERATION_NOT_FOUND"
    assert told.json() == hit.json() == ANSWER


async def test_a_strict_client_sees_a_miss_as_its_own_fault(http: httpx2.AsyncClient) -> None:
    miss = await http.post("/graphql", json=apq(HELLO), headers=STRICT)

    assert miss.status_code == 400


async def test_a_hash_by_get(http: httpx2.AsyncClient) -> None:
    parameters = {"extensions": json.dumps(apq(HELLO)["extensions"]), "variables": '{"name": "Ana"}'}
    miss = await http.get("/graphql", params=parameters)
    await http.get("/graphql", params={**parameters, "query": HELLO})
    hit = await http.get("/graphql", params=parameters)

    assert code(miss) == "PERSISTED_OPERATION_NOT_FOUND"
    assert hit.json() == ANSWER


async def test_a_known_mutation_is_not_run_by_get(http: httpx2.AsyncClient) -> None:
    text = "mutation { rename }"
    await http.post("/graphql", json=apq(text, query=text))
    answer = await http.get("/graphql", params={"extensions": json.dumps(apq(text)["extensions"])})

    assert answer.status_code == 405


async def test_a_text_with_the_hash_of_another_is_refused(http: httpx2.AsyncClient) -> None:
    wrong = await http.post("/graphql", json=apq(HELLO, query=OTHER), headers=STRICT)
    after = await http.post("/graphql", json=apq(HELLO))

    assert wrong.status_code == 400
    assert code(wrong) == "BAD_USER_INPUT"
    assert code(after) == "PERSISTED_OPERATION_NOT_FOUND"


@pytest.mark.parametrize("text", ["{", "{ nothing }", "{ " + "a { " * 20 + "a" + " }" * 21])
async def test_only_valid_documents_are_remembered(http: httpx2.AsyncClient, text: str) -> None:
    told = await http.post("/graphql", json=apq(text, query=text))
    after = await http.post("/graphql", json=apq(text))

    assert code(told) in {"PARSE_FAILED", "VALIDATION_FAILED", "DEPTH_LIMIT_EXCEEDED"}
    assert code(after) == "PERSISTED_OPERATION_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": 7}},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "A" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a" * 63}}},
        {"query": 7, "documentId": "a"},
        {"documentId": 7},
        {"documentId": ""},
    ],
)
async def test_a_malformed_id_is_a_bad_request(http: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    answer = await http.post("/graphql", json=body)

    assert answer.status_code == 400
    assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize("mode", ["open", "known", "locked"])
@pytest.mark.parametrize("name", [hash_of(HELLO), f"sha256:{hash_of(HELLO)}", "app-1/Hello"])
async def test_a_trusted_document_runs_by_its_id_in_every_mode(mode: Mode, name: str) -> None:
    async with http_client(app(mode, Manifest({"app-1/Hello": HELLO}))) as http:
        posted = await http.post("/graphql", json={"documentId": name, **ana()})
        got = await http.get("/graphql", params={"documentId": name, "variables": '{"name": "Ana"}'})
        by_text = await http.post("/graphql", json={"query": HELLO, **ana()})
        by_hash = await http.post("/graphql", json=apq(HELLO, **ana()))

    assert posted.json() == got.json() == by_text.json() == by_hash.json() == ANSWER


@pytest.mark.parametrize(
    ("mode", "headers", "status"),
    [
        ("open", {}, 200),
        ("known", {}, 403),
        ("known", {"authorization": "Bearer good"}, 200),
        ("locked", {}, 403),
        ("locked", {"authorization": "Bearer good"}, 403),
    ],
)
async def test_the_mode_decides_about_other_documents(mode: Mode, headers: dict[str, str], status: int) -> None:
    async with http_client(app(mode, Manifest({hash_of(HELLO): HELLO}))) as http:
        answer = await http.post("/graphql", json={"query": OTHER}, headers=headers)
        await http.post("/graphql", json=apq(OTHER, query=OTHER), headers=headers)
        by_hash = await http.post("/graphql", json=apq(OTHER), headers=headers)

    assert answer.status_code == status
    assert ("data" in by_hash.json()) == (mode == "open")


@pytest.mark.parametrize("mode", ["known", "locked"])
def test_a_mode_that_needs_a_manifest_does_not_begin_without(mode: Mode) -> None:
    with pytest.raises(BadManifest):
        Persisted(mode)


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', json.dumps({"a" * 64: HELLO})])
def test_a_manifest_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)

    with pytest.raises(BadManifest):
        Manifest.read(path)


async def test_sockets_and_streams_know_the_same_documents() -> None:
    world = World()
    api = Api(graph("locked", Manifest({"count": COUNT})), world.authenticate, world.look, world.context)
    info = RequestInfo("", "", "", "")

    async def told(body: dict[str, Any]) -> list[Any]:
        return [answer async for answer in answers(api, Viewer(id=ANA), info, read_request(body))]

    assert await told({"documentId": "count"}) == [{"data": {"count": 0}}]
    assert (await told(apq(OTHER)))[0]["errors"][0]["message"] == "PersistedQueryNotFound"
    assert (await told({"query": OTHER}))[0]["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_document_told_to_one_process_is_known_to_the_others(redis_url: str) -> None:
    cache = Cache.from_url(redis_url)
    async with http_client(app(cache=cache)) as one, http_client(app(cache=cache)) as other:
        await one.post("/graphql", json=apq(HELLO, query=HELLO))
        hit = await other.post("/graphql", json=apq(HELLO, **ana()))
    place = f"documents/{int(hash_of(HELLO)[:8], 16) % 4096}"
    left = await cache.run(lambda redis: redis.ttl(place))
    await cache.run(lambda redis: redis.set(place, "{ whoami }"))
    async with http_client(app(cache=cache)) as third:
        forged = await third.post("/graphql", json=apq(HELLO))
    await cache.aclose()

    assert hit.json() == ANSWER
    assert 0 < left <= 86_400
    assert code(forged) == "PERSISTED_OPERATION_NOT_FOUND"


async def test_without_redis_each_process_knows_its_own() -> None:
    cache = Cache.from_url(NOWHERE)
    async with http_client(app(cache=cache)) as http:
        miss = await http.post("/graphql", json=apq(HELLO))
        await http.post("/graphql", json=apq(HELLO, query=HELLO))
        hit = await http.post("/graphql", json=apq(HELLO, **ana()))
    await cache.aclose()

    assert code(miss) == "PERSISTED_OPERATION_NOT_FOUND"
    assert hit.json() == ANSWER
