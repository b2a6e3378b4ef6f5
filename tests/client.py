"""A client of the whole API process, without the network in between."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from aperture.api import build
from aperture.asgi import Application
from core.ids import UserId
from core.settings import Settings
from core.viewer import Viewer


class Client:
    """Sends operations; `token` is sent with each of them unless another one is given."""

    def __init__(self, http: httpx2.AsyncClient, token: str | None = None) -> None:
        self.http = http
        self.token = token

    def signed_in(self, token: str) -> "Client":
        """The same client with a token of its own."""
        return Client(self.http, token)

    async def send(self, document: str, **variables: Any) -> httpx2.Response:
        """The answer as it came."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token is not None else {}
        body = {"query": document, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=headers)

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = (await self.send(document, **variables)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refusal(self, document: str, **variables: Any) -> str:
        """The code of the first error at the top level."""
        answer = (await self.send(document, **variables)).json()
        code: str = answer["errors"][0]["extensions"]["code"]
        return code


def mutation(name: str, answer: str = "errors { code }") -> str:
    """A mutation that takes one `input`, and stands under the name `it`."""
    return f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ it: {name}(input: $input) {{ {answer} }} }}"


async def call(client: Client, document: str, **input: Any) -> Any:
    """The payload of such a `mutation`."""
    return (await client.ask(document, input=input))["it"]


async def call_on(client: Client, document: str, who: object, **more: Any) -> Any:
    """As `call`, with the id of a person, or any text, as `userId`."""
    return await call(client, document, userId=id_of(who), **more)


def id_of(who: object) -> str:
    """The global id of a person; any text as it is."""
    return str(UserId(who.user_id) if isinstance(who, Viewer) else who)


def handles(connection: Any) -> list[str]:
    """Who is on a page of people."""
    return [node["handle"] for node in connection["nodes"]]


async def every_page(read: Callable[..., Awaitable[Any]]) -> list[Any]:
    """All pages of a connection, which `read` reads `after` a cursor."""
    pages = [await read(after=None)]
    while pages[-1]["pageInfo"]["hasNextPage"]:
        pages.append(await read(after=pages[-1]["pageInfo"]["endCursor"]))
    return pages


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Client]:
    """An API process with these settings, from its start to its end, and a client that is signed out."""
    app = build(settings)
    async with _lifespan(app):
        transport = httpx2.ASGITransport(app, client=("192.0.2.7", 40_000))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as http:
            yield Client(http)


@asynccontextmanager
async def _lifespan(app: Application) -> AsyncIterator[None]:
    async with app._lifespan_of():
        yield
