"""Where the GraphiQL page is served, and with which headers."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from aperture.graphiql import graphiql_routes
from core.settings import Settings

PEOPLE = [{"handle": "ana", "password": "correct horse", "token": "a.b.c"}]


def client(**settings: Any) -> httpx2.AsyncClient:
    given = {"secret_key": "k" * 32, "DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://cache"} | settings
    app = Starlette(routes=graphiql_routes(Settings.model_validate(given)))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://aperture.test")


async def test_the_page_allows_nothing_from_elsewhere() -> None:
    async with client(environment="development") as http:
        page = await http.get("/graphiql")

    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert page.headers["cache-control"] == "no-cache"
    assert re.findall(r'(?:src|href)="(?!/graphiql/assets/)', page.text) == []


async def test_its_files_are_kept_for_ever_and_compressed() -> None:
    async with client(environment="development") as http:
        page = await http.get("/graphiql")
        paths = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        files = [await http.get(path) for path in paths]

    assert len(files) > 2
    for file in files:
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "gzip" in {file.headers.get("content-encoding") for file in files}


async def test_a_development_server_shows_the_page_first_and_names_its_people(tmp_path: Path) -> None:
    people_file = tmp_path / "people.json"
    people_file.write_text(json.dumps(PEOPLE))

    async with client(environment="development", people_file=people_file) as http:
        first = await http.get("/")
        people = await http.get("/graphiql/people.json")

    assert first.headers["location"] == "/graphiql"
    assert people.json() == PEOPLE
    assert people.headers["cache-control"] == "no-store"


async def test_a_development_server_without_a_seed_has_no_people(tmp_path: Path) -> None:
    async with client(environment="development", people_file=tmp_path / "none.json") as http:
        assert (await http.get("/graphiql/people.json")).status_code == 404


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"environment": "development"}, 200),
        ({"environment": "development", "graphiql": False}, 404),
        ({"environment": "test"}, 404),
        ({"environment": "production"}, 404),
        ({"environment": "production", "graphiql": True}, 200),
    ],
)
async def test_the_page_is_served_in_development_or_on_request(settings: dict[str, Any], status: int) -> None:
    async with client(**settings) as http:
        assert (await http.get("/graphiql")).status_code == status


async def test_production_never_names_people(tmp_path: Path) -> None:
    people_file = tmp_path / "people.json"
    people_file.write_text(json.dumps(PEOPLE))

    async with client(environment="production", graphiql=True, people_file=people_file) as http:
        assert (await http.get("/graphiql/people.json")).status_code == 404
        assert (await http.get("/")).status_code == 404
