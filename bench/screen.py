"""The screen that `bench.engine` asks for, and the people who ask: a network loaded once, with open sessions."""

import orjson
from sqlalchemy import insert, text

from bench.dataset import Network, Sizes, load
from core import clock
from core.backends import Backends
from core.db import Database
from core.viewer import Viewer
from models.accounts import Account
from services.auth import keys, sessions
from services.auth.devices import Device

POSTS = 20
SCREEN = """query Feed {
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

_VIEWERS = text("select id from users where handle = any(:handles) order by id")


async def tokens(backends: Backends, sizes: Sizes, count: int) -> list[str]:
    """Access tokens of so many people who read their feeds; the network is loaded first, if it is not there."""
    if not await _viewers(backends.db, sizes, 1):
        print("loading the network, once ...", flush=True)
        network = Network(sizes)
        await load(network)
        await _open_accounts(backends.db, network)
    return [await _token(backends, viewer) for viewer in await _viewers(backends.db, sizes, count)]


def request(path: str, token: str, document: str = SCREEN) -> bytes:
    """A request as it goes over the wire."""
    body = orjson.dumps({"query": document})
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def _viewers(db: Database, sizes: Sizes, count: int) -> list[Viewer]:
    handles = [f"person.{sizes.people - 1 - n}" for n in range(count)]
    async with db.reading() as read:
        return [Viewer(id=each) for each in await read.scalars(_VIEWERS, {"handles": handles})]


async def _open_accounts(db: Database, network: Network) -> None:
    now = clock.now()
    account = {"password_hash": "", "password_changed_at": now, "role": "MEMBER", "language": "en"}
    account |= {"time_zone": "UTC", "created_at": now}
    rows = [account | {"user_id": each, "email": f"{each}@example.org"} for each in network.viewers]
    async with db.transaction() as tx:
        await tx.execute(insert(Account), rows)


async def _token(backends: Backends, viewer: Viewer) -> str:
    key = await keys.signing_key(backends)
    device = Device("benchmark", "OTHER")
    begun = await backends.db.write(lambda tx: sessions.log_in(tx, key, viewer.user_id, device, "192.0.2.7"))
    return begun.access_token
