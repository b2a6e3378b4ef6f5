"""Words that are meant for few stand in no log, event, cache or cursor, and files that are meant for few are locked."""

from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from sqlalchemy import delete, text
from structlog.testing import capture_logs

from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import UserId, new_uuid
from core.viewer import Viewer
from jobs.base import JobContext
from models.follows import Follow, Follower
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import block, follow, person
from tests.factories.posts import post
from tests.factories.uploads import upload
from tests.privacy.asking import answer
from tests.privacy.scenes import scene
from tests.privacy.test_worlds import consequences

TOLD_ON = ("outbox", "tasks", "topic_events")
POSTS = """query ($id: ID!, $after: String) { user(by: {id: $id}) {
  posts(first: 1, after: $after) { nodes { id caption { text } } pageInfo { endCursor } } } }"""
PICTURE = "query ($id: ID!) { node(id: $id) { ... on Post { media { ... on Image { url(format: JPEG) } } } } }"
BIO = 'mutation { it: updateProfile(input: {bio: "canary-bio"}) { errors { code } } }'
PUBLISH = """mutation ($upload: ID!) { it: createPost(input: { audience: ONLY_ME, caption: "canary-caption",
  content: {photo: {uploadId: $upload, altText: "canary-alt"}} }) { post { id } errors { code } } }"""
SAY = 'mutation ($id: ID!) { it: addComment(input: {postId: $id, text: "canary-words"}) { errors { code } } }'


async def act(backends: Backends, viewer: Viewer, document: str, **variables: Any) -> Any:
    """What a mutation answers."""
    done = await answer(backends, viewer, document, **variables)
    assert "errors" not in done, done
    assert done["data"]["it"]["errors"] == []
    return done["data"]["it"]


async def test_what_is_written_for_few_is_in_no_log_event_or_cache(
    backends: Backends, db: Database, ctx: JobContext
) -> None:
    eva, fay = replace(await person(db, "eva", is_private=True), session_id=new_uuid()), await person(db, "fay")
    await follow(db, fay, eva)
    pending = await upload(db, eva)
    written = []

    with capture_logs() as logs:
        await act(backends, eva, BIO)
        made = (await act(backends, eva, PUBLISH, upload=str(pending)))["post"]["id"]
        await act(backends, eva, SAY, id=made)
        written.append(await _rows(db))
        await consequences(ctx)
        written.append(await _rows(db))
        feed = "{ viewer { homeFeed(first: 5) { nodes { ... on Post { caption { text } } } } } }"
        fan = replace(fay, session_id=new_uuid())
        seen = await answer(backends, fan, feed)

    cached = await _cached(backends)
    assert written[0]
    assert cached
    for place in (written, cached, logs, seen):
        assert "canary" not in str(place)


async def test_a_cursor_opens_nothing_that_was_closed_meanwhile_and_says_nothing(db: Database, sign_in: SignIn) -> None:
    eva, fay = await person(db, "eva", is_private=True), await person(db, "fay")
    await follow(db, fay, eva)
    pictures = [await post(db, eva, caption="canary") for _ in range(2)]
    client, here = await sign_in(fay), str(UserId(eva.user_id))
    page = (await client.ask(POSTS, id=here))["user"]["posts"]
    cursor = page["pageInfo"]["endCursor"]
    assert (await client.ask(POSTS, id=here, after=cursor))["user"]["posts"]["nodes"]

    for edge in (Follow, Follower):
        gone = delete(edge).where(edge.follower_id == fay.id, edge.followee_id == eva.id)
        await db.write(lambda tx, gone=gone: tx.execute(gone))  # type: ignore[misc]
    closed = await client.send(POSTS, id=here, after=cursor)
    await block(db, eva, fay)
    blocked = await client.send(POSTS, id=here, after=cursor)

    assert "canary" not in closed.text + blocked.text
    assert blocked.json()["data"] == {"user": None}
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert not any(each.id.bytes in raw or str(each.id).encode() in raw for each in pictures)


async def test_the_address_of_a_file_is_good_as_it_is_and_for_minutes(
    api: Client, backends: Backends, db: Database, sign_in: SignIn
) -> None:
    there = await scene(db, "private")
    follower = await sign_in(there.viewers["follower"])
    await backends.store.put("private/canary-file-FOLLOWERS.jpg", b"canary", "image/jpeg")
    seen = await follower.ask(PICTURE, id=str(there.posts["FOLLOWERS"]))
    path = urlsplit(seen["node"]["media"][0]["url"]).path
    head, _, signature = path.rpartition(".")
    other = "A" if signature[0] != "A" else "B"

    assert (await api.http.get(path)).content == b"canary"
    assert (await api.http.get(f"{head}.{other}{signature[1:]}")).status_code == 403
    with clock.frozen(clock.now() + timedelta(minutes=10, seconds=1)):
        assert (await api.http.get(path)).status_code == 403
    assert (await api.http.get("/media/public/canary-file-FOLLOWERS.jpg")).status_code == 404


async def _rows(db: Database) -> list[str]:
    """Everything that is told to other processes."""
    async with db.reading(fresh=True) as read:
        return [str(row) for name in TOLD_ON for row in await read.all(text(f"select * from {name}"))]  # noqa: S608


async def _cached(backends: Backends) -> list[str]:
    """Every key of Redis, with what it holds."""
    redis = Redis.from_url(backends.settings.redis_url)
    reads: dict[Any, Any] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    try:
        keys = [key async for key in redis.scan_iter()]
        return [f"{key!r} {await reads[await redis.type(key)](key)}" for key in keys]
    finally:
        await redis.aclose()
