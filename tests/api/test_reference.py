"""Where the reference and the contract are served, and with which headers."""

import re
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from aperture.reference import reference_routes
from schema.contract import contract
from tests.small_graph import settings


def client(**given: Any) -> httpx2.AsyncClient:
    app = Starlette(routes=reference_routes(settings(**given)))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://aperture.test")


async def test_the_page_brings_everything_from_here() -> None:
    async with client() as http:
        page = await http.get("/docs")
        files = [await http.get(path) for path in re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', page.text)]

    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert [file.headers["content-type"].partition(";")[0] for file in files] == ["text/css", "text/javascript"]


@pytest.mark.parametrize("path", ["/docs", "/docs/reference.js", "/schema.graphql"])
async def test_what_a_browser_has_is_not_sent_again(path: str) -> None:
    async with client() as http:
        first = await http.get(path)
        again = await http.get(path, headers={"if-none-match": first.headers["etag"]})
        plain = await http.get(path, headers={"accept-encoding": "identity"})

    assert first.headers["content-encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text


async def test_the_contract_is_served_as_it_is_written() -> None:
    async with client() as http:
        answer = await http.get("/schema.graphql")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == contract().text


@pytest.mark.parametrize(("environment", "is_linked"), [("development", True), ("production", False)])
async def test_graphiql_is_linked_where_it_is_served(environment: str, *, is_linked: bool) -> None:
    async with client(environment=environment) as http:
        page = await http.get("/docs")

    assert ('href="/graphiql' in page.text) is is_linked


async def test_an_operator_can_hide_both() -> None:
    async with client(reference=False) as http:
        assert (await http.get("/docs")).status_code == 404
        assert (await http.get("/schema.graphql")).status_code == 404
