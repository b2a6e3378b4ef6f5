"""A screen of the home feed through the whole API process, beside graphql-core alone: `python -m bench.feed`."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import insert, text

from aperture.api import build
from bench import bare_feed
from bench.dataset import Network, Sizes, load
from bench.stage import Stopwatch, stage
from core import clock, telemetry
from core.backends import Backends
from core.db import Database
from core.settings import settings
from core.statements import counted
from core.viewer import Viewer
from models.accounts import Account
from services.auth import keys, sessions
from services.auth.devices import Device

SCREEN = """{
  viewer { homeFeed(first: 20, mode: CHRONOLOGICAL) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { ... on Post {
      id caption { text } createdAt likeCount commentCount viewerHasLiked
      author { id handle displayName isVerified }
      media { ... on Image { id width height blurhash } }
      commentPreview { id body { text } author { id handle } }
    } } }
  } }
}"""

Ask = Callable[[int], Awaitable[bytes]]


def main() -> None:
    """Print statements per page and pages per CPU-second."""
    parser = argparse.ArgumentParser(description=__doc__)
    Sizes.add_to(parser)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    sizes = Sizes.given(options)
    name = "feed_" + "_".join(str(size) for size in vars(sizes).values())
    with stage(name):
        telemetry.configure(settings().log_level)
        network = Network(sizes)
        asyncio.run(_run(network, options.requests))


async def _run(network: Network, requests: int) -> None:
    backends = Backends.open(settings())
    try:
        await _prepare(backends.db, network)
        viewers = [Viewer(id=each) for each in network.viewers]
        tokens = [await _token(backends, viewer) for viewer in viewers]
        sizes = network.sizes
        print(f"{sizes.people} people, {sizes.posts} posts, {len(network.follows)} follows; 20 posts a page")
        async with _api() as request:

            async def ours(n: int) -> bytes:
                return await request(SCREEN, tokens[n % len(tokens)])

            whole = await _measure("the whole API process", ours, len(viewers), requests)
        schema = bare_feed.schema()

        async def bare(n: int) -> bytes:
            return await bare_feed.answer(schema, backends, viewers[n % len(viewers)], SCREEN)

        alone = await _measure("graphql-core with a resolver per field", bare, len(viewers), requests // 4)
        print(f"\nratio per CPU-second: {whole / alone:.2f}")
    finally:
        await backends.aclose()


async def _measure(name: str, ask: Ask, warm_up: int, requests: int) -> float:
    """Pages per CPU-second, each timeline being warm."""
    for n in range(warm_up):
        body = await ask(n)
    items = orjson.loads(body)["data"]["viewer"]["homeFeed"]["edges"]
    statements = min([await _statements(ask) for _ in range(5)])
    watch = Stopwatch()
    for n in range(requests):
        await ask(n)
    _, rate = watch.rates(requests)
    print(f"{name:<42}{rate:>8,.0f} pages/CPU-s, {statements} statements, {len(items)} posts, {len(body)} bytes")
    return rate


async def _statements(ask: Ask) -> int:
    """What one page costs; now and then the session or the number of the caches is looked up besides."""
    with counted() as statements:
        await ask(0)
    return len(statements)


async def _prepare(db: Database, network: Network) -> None:
    async with db.reading() as read:
        if await read.scalar(text("select exists (select from users)")):
            return
    print("loading the network, once ...", flush=True)
    await load(network)
    now = clock.now()
    account = {"password_hash": "", "password_changed_at": now, "role": "MEMBER", "language": "en"}
    account |= {"time_zone": "UTC", "created_at": now}
    rows = [account | {"user_id": each, "email": f"{each}@example.org"} for each in network.viewers]
    async with db.transaction() as tx:
        await tx.execute(insert(Account), rows)


async def _token(backends: Backends, viewer: Viewer) -> str:
    key = await keys.signing_key(backends)
    device = Device("benchmark", "OTHER")
    tokens = await backends.db.write(lambda tx: sessions.log_in(tx, key, viewer.user_id, device, "192.0.2.7"))
    return tokens.access_token


@asynccontextmanager
async def _api() -> AsyncIterator[Callable[[str, str], Awaitable[bytes]]]:
    """The application without a network: a document and a token in, the body out."""
    app = build(settings())
    begun, end = asyncio.Event(), asyncio.Event()
    messages: list[Any] = [{"type": "lifespan.startup"}]

    async def hear() -> Any:
        if messages:
            return messages.pop()
        await end.wait()
        return {"type": "lifespan.shutdown"}

    async def say(_message: Any) -> None:
        begun.set()

    life = asyncio.create_task(app({"type": "lifespan"}, hear, say))
    await begun.wait()
    try:
        yield lambda document, token: _post(app, document, token)
    finally:
        end.set()
        await life


async def _post(app: Any, document: str, token: str) -> bytes:
    body = orjson.dumps({"query": document})
    headers = (
        (b"host", b"localhost"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"authorization", b"Bearer " + token.encode()),
    )
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
    }
    scope |= {"scheme": "http", "http_version": "1.1", "headers": headers, "client": ("192.0.2.7", 1)}
    scope |= {"server": ("localhost", 80), "root_path": "", "asgi": {"version": "3.0"}}
    waiting, parts = [body], list[bytes]()

    async def hear() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(), "more_body": False}

    async def say(message: Any) -> None:
        parts.append(message.get("body", b""))

    await app(scope, hear, say)
    return b"".join(parts)


if __name__ == "__main__":
    main()
