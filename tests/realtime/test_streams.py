"""Streams that break off and go on: nothing is missed, and who cannot be told everything is told so."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, select

from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import PostId, new_uuid
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from models.tasks import Task
from models.topic_events import Topic
from schema.context import Context
from services import event_log, likes, posts
from services.event_log import Entry, LoggedEvent
from subscriptions import base
from subscriptions.base import Stream
from tests.factories.people import person
from tests.factories.posts import post
from tests.factories.sessions import enter
from tests.jobs.parts import until
from tests.realtime.sockets import Api, api_on_a_port, working

WATCH = """subscription ($postIds: [ID!]!, $after: String) { postEvents(postIds: $postIds, after: $after) {
  __typename cursor occurredAt
  ... on PostEngagementEvent { post { id likeCount } }
  ... on PostUpdatedEvent { post { id caption { text } } }
  ... on PostRemovedEvent { removedPostId }
  ... on StreamResetEvent { reason }
} }"""
HOME = "subscription ($after: String) { homeFeedEvents(after: $after) { cursor ... on StreamResetEvent { reason } } }"


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Api]:
    async with working(config), api_on_a_port(config) as running:
        yield running


@pytest.fixture
async def picture(db: Database, ana: Viewer) -> PostId:
    return await post(db, ana)


async def change(db: Database, author: Viewer, post_id: PostId, **changes: Any) -> None:
    await db.write(lambda tx: posts.update_post(tx, author, post_id, changes))


async def like(db: Database, post_id: PostId, fans: int) -> None:
    """Likes of so many people, one after the other."""
    for _ in range(fans):
        fan = await person(db, f"fan{new_uuid().hex}")
        await db.write(partial(likes.like_post, viewer=fan, post_id=post_id))


async def all_told(db: Database, count: int) -> None:
    """Wait until so many facts are in the log."""

    async def are_done() -> bool:
        async with db.reading(fresh=True) as read:
            done = await read.scalars(select(Task.done_at).where(Task.consequence == "topics.post"))
        return len(done) == count and None not in done

    await until(are_done)


async def start_of(api: Api, *post_ids: PostId) -> str:
    """A cursor of a stream that stands and has seen nothing."""
    async with api.subscribing(None, WATCH, postIds=[str(each) for each in post_ids], after="from now on") as watcher:
        return str((await watcher.event())["cursor"])


async def told(api: Api, post_ids: list[PostId], after: str, count: int) -> list[Any]:
    """The next events behind a cursor."""
    async with api.subscribing(None, WATCH, postIds=[str(each) for each in post_ids], after=after) as watcher:
        return [await watcher.event() for _ in range(count)]


async def reset(api: Api, post_id: PostId, after: str) -> str:
    """Why a stream begins anew."""
    (event,) = await told(api, [post_id], after, 1)
    assert event["__typename"] == "StreamResetEvent", event
    return str(event["reason"])


async def test_who_comes_back_is_told_what_was_missed_in_order_and_repeats_have_the_same_cursors(
    api: Api, db: Database, ana: Viewer, picture: PostId
) -> None:
    start = await start_of(api, picture)
    await change(db, ana, picture, caption="One")
    (first,) = await told(api, [picture], start, 1)
    await change(db, ana, picture, caption="Two")
    await all_told(db, 2)
    await like(db, picture, 1)
    await all_told(db, 3)
    await change(db, ana, picture, audience="FOLLOWERS")
    await all_told(db, 4)

    missed = await told(api, [picture], first["cursor"], 1)
    await change(db, ana, picture, audience="PUBLIC")
    await all_told(db, 5)
    repeated = await told(api, [picture], start, 5)

    assert missed[0]["__typename"] == "PostRemovedEvent"
    names = ["PostUpdatedEvent", "PostUpdatedEvent", "PostEngagementEvent", "PostUpdatedEvent", "PostUpdatedEvent"]
    assert [event["__typename"] for event in repeated] == names
    assert repeated[0]["cursor"] == first["cursor"]
    times = [event["occurredAt"] for event in repeated]
    assert times == sorted(times)


async def test_events_go_on_across_a_reconnect_while_they_happen(
    api: Api, db: Database, ana: Viewer, picture: PostId
) -> None:
    cursor, captions = await start_of(api, picture), list[str]()
    for number in range(4):
        await change(db, ana, picture, caption=f"{number}")
        (event,) = await told(api, [picture], cursor, 1)
        captions.append(event["post"]["caption"]["text"])
        cursor = event["cursor"]

    assert captions == ["0", "1", "2", "3"]


async def test_a_post_deleted_meanwhile_is_removed_for_who_comes_back(
    api: Api, db: Database, ana: Viewer, picture: PostId
) -> None:
    start = await start_of(api, picture)
    await db.write(lambda tx: posts.delete_post(tx, ana, picture))

    (removed,) = await told(api, [picture], start, 1)

    assert removed["removedPostId"] == str(picture)


async def test_a_cursor_serves_the_next_screen_too(api: Api, db: Database, ana: Viewer, picture: PostId) -> None:
    other = await post(db, ana)
    start = await start_of(api, picture)
    await change(db, ana, picture, caption="Here")
    await change(db, ana, other, caption="Not watched before")
    await all_told(db, 2)

    (event,) = await told(api, [other, picture], start, 1)

    assert event["post"]["caption"] == {"text": "Here"}


async def test_a_client_that_polls_goes_on_behind_the_last_event_it_has_heard(
    api: Api, db: Database, ana: Viewer, picture: PostId
) -> None:
    heard = [await polled(api, picture, "from now on", wait=20)]
    await change(db, ana, picture, caption="One")
    heard.append(await polled(api, picture, heard[-1][0]["cursor"], wait=20))
    nothing = await polled(api, picture, heard[-1][-1]["cursor"], wait=1)
    await change(db, ana, picture, caption="Two")
    await change(db, ana, picture, caption="Three")
    await all_told(db, 3)
    missed = await polled(api, picture, heard[-1][-1]["cursor"], wait=20)

    assert [event["reason"] for event in heard[0]] == ["CURSOR_INVALID"]
    assert [event["post"]["caption"]["text"] for event in heard[1]] == ["One"]
    assert nothing == []
    assert len(missed) == 2
    assert [event["cursor"] for event in missed] == [
        event["cursor"] for event in await told(api, [picture], heard[-1][-1]["cursor"], 2)
    ]


async def polled(api: Api, post_id: PostId, last: str, wait: int) -> list[Any]:
    """The events of one poll, behind the last event heard."""
    answer = await api.client.http.post(
        "/graphql",
        json={"query": WATCH, "variables": {"postIds": [str(post_id)]}},
        headers={"accept": "text/event-stream", "prefer": f"wait={wait}", "last-event-id": last},
        timeout=30,
    )
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line)["data"]["postEvents"] for line in lines]


async def test_a_burst_is_told_as_one_event(api: Api, db: Database, ana: Viewer, picture: PostId) -> None:
    start = await start_of(api, picture)
    await like(db, picture, 6)
    await all_told(db, 6)
    await change(db, ana, picture, caption="After six")
    await all_told(db, 7)

    counted_likes, edited = await told(api, [picture], start, 2)

    assert counted_likes["post"]["likeCount"] == 6
    assert edited["post"]["caption"] == {"text": "After six"}


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGEgY3Vyc29y", "\U0001f642", "x" * 5_000], ids=range(5))
async def test_garbage_resets_the_stream_first(api: Api, picture: PostId, cursor: str) -> None:
    assert await reset(api, picture, cursor) == "CURSOR_INVALID"


async def test_a_cursor_of_another_stream_resets(api: Api, backends: Backends, ana: Viewer, picture: PostId) -> None:
    token = (await enter(backends, ana.user_id)).access_token
    async with api.watching(token, HOME):
        pass
    async with api.subscribing(token, HOME, after="x") as watcher:
        of_home = (await watcher.event())["cursor"]

    assert await reset(api, picture, of_home) == "CURSOR_INVALID"
    async with api.subscribing(token, HOME, after=await start_of(api, picture)) as watcher:
        assert (await watcher.event())["reason"] == "CURSOR_INVALID"


async def test_a_cursor_older_than_the_log_resets_and_the_stream_goes_on(
    api: Api, db: Database, ana: Viewer, picture: PostId
) -> None:
    start = await start_of(api, picture)
    await change(db, ana, picture, caption="Forgotten")
    await all_told(db, 1)
    await db.write(lambda tx: event_log.purge(tx, clock.now() + timedelta(minutes=1)))

    async with api.subscribing(None, WATCH, postIds=[str(picture)], after=start) as watcher:
        told_so = await watcher.event()
        await change(db, ana, picture, caption="Fresh")
        fresh = await watcher.event()

    assert (told_so["__typename"], told_so["reason"]) == ("StreamResetEvent", "CURSOR_TOO_OLD")
    assert fresh["post"]["caption"] == {"text": "Fresh"}
    assert await told(api, [picture], told_so["cursor"], 1) == [fresh]


async def test_a_log_that_was_lost_resets(api: Api, db: Database, picture: PostId) -> None:
    start = await start_of(api, picture)
    async with db.transaction() as tx:
        await tx.execute(delete(Topic))
    with clock.frozen(clock.now() - timedelta(days=2)):
        await db.write(lambda tx: event_log.watch(tx, [event_log.post_topic(picture.id)]))

    assert await reset(api, picture, start) == "SERVER_RESTART"


async def test_a_burst_of_many_batches_is_read_to_its_end_at_once(backends: Backends, db: Database) -> None:
    length = event_log.BATCH * 3 + 7
    marks = await db.write(lambda tx: event_log.watch(tx, ["busy", "quiet"]))
    for number in range(length):
        name = "Edited" if number == event_log.BATCH else "Liked"
        await log(db, Entry("busy", name, {"number": number}))
    await log(db, Entry("quiet", "Liked", {"number": -1}))
    stream = Stream("test", ["busy", "quiet"], present, merged=frozenset(["Liked"]))

    with counted() as statements:
        found = await first(backends, stream, stream.cursor(marks), 3)

    by_topic = {topic: [number for name, number in found if name == topic] for topic in ("busy", "quiet")}
    assert by_topic == {"busy": [event_log.BATCH, length - 1], "quiet": [-1]}
    assert len(statements) <= 8, statements.statements


async def test_what_nobody_may_see_is_passed_over(backends: Backends, db: Database) -> None:
    marks = await db.write(lambda tx: event_log.watch(tx, ["topic"]))
    for number in (1, None, 3):
        await log(db, Entry("topic", "Edited", {"number": number}))
    stream = Stream("test", ["topic"], present)

    assert await first(backends, stream, stream.cursor(marks), 2) == [("topic", 1), ("topic", 3)]


async def test_each_event_is_read_with_loaders_of_its_own(backends: Backends, db: Database) -> None:
    marks = await db.write(lambda tx: event_log.watch(tx, ["topic"]))
    for number in range(3):
        await log(db, Entry("topic", "Edited", {"number": number}))
    seen = []

    async def keep(ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        seen.append(ctx.loaders)
        assert ctx.loaders.scope.is_fresh
        return cursor

    stream = Stream("test", ["topic"], keep)
    cursors = await first(backends, stream, stream.cursor(marks), 3)

    assert len({id(each) for each in seen}) == len(set(cursors)) == 3


async def present(_ctx: Context, logged: LoggedEvent, _cursor: str) -> Any:
    number = logged.ids["number"]
    return None if number is None else (logged.topic, number)


async def log(db: Database, entry: Entry) -> None:
    await db.write(lambda tx: event_log.append(tx, new_uuid(), [entry]))


async def first(backends: Backends, stream: Stream, after: str, count: int) -> list[Any]:
    """The first events behind a cursor."""
    found: list[Any] = []
    ctx = Context(backends, Viewer())
    async with aclosing(await base.events(ctx, stream, after)) as events:
        async for event in events:
            shown = await event.present(ctx)
            if shown is not None:
                found.append(shown)
            if len(found) == count:
                break
    return found
