"""What those who watch their home feed are told, from the fact to the socket's answers."""

from collections.abc import AsyncGenerator, AsyncIterator
from itertools import count
from typing import Any

import pytest

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.subscription import subscribe
from aperture.worker import job_context
from core.backends import Backends
from core.db import Database
from core.events import Event, MutesChanged, PostDeleted, PostPublished, UserFollowed
from core.ids import PostId, UserId, new_uuid
from core.settings import Settings
from core.viewer import Viewer
from jobs import feed, topics
from jobs.base import Consequence, JobContext
from schema.context import Context
from services import event_log
from subscriptions.base import Stream
from tests.factories import feed as make
from tests.factories.people import people, person, stance
from tests.jobs import parts

EVENTS = """subscription ($after: String) { homeFeedEvents(after: $after) {
  __typename cursor occurredAt
  ... on HomeFeedNewPostsEvent { hint { newPostCount shouldReload authors { id handle } } }
  ... on PostRemovedEvent { removedPostId }
  ... on StreamResetEvent { reason }
} }"""

FOLLOWS_FROM: dict[type[Event], Consequence] = {
    PostPublished: feed.fan_out_post,
    PostDeleted: feed.take_back_post,
    UserFollowed: feed.start_anew,
    MutesChanged: topics.home,
}


@pytest.fixture
async def worker(config: Settings) -> AsyncIterator[JobContext]:
    async with job_context(config) as opened:
        yield opened


async def happen(worker: JobContext, event: Event) -> None:
    """A fact, and all that a worker does about it."""
    routes: parts.Routes = {type(event): (FOLLOWS_FROM[type(event)],)}
    await parts.emit(worker.db, event)
    await parts.handled(worker, routes, await parts.relayed(worker.db, routes))


async def now(db: Database, viewer: Viewer) -> str:
    """The cursor of a stream that has begun and seen nothing."""
    topic = event_log.home_topic(viewer.user_id)
    marks = await db.write(lambda tx: event_log.watch(tx, [topic]))
    return Stream("home", [topic], _nothing).cursor(marks)


async def _nothing(*_: Any) -> None:
    return None


async def stream(backends: Backends, viewer: Viewer, after: str) -> AsyncGenerator[Any]:
    """What a socket of the viewer sends."""
    signed_in = Viewer(id=viewer.id, session_id=new_uuid())
    request = GraphQLRequest(EVENTS, variables={"after": after})
    answers = await subscribe(Graph(schema._schema), request, Context(backends, signed_in))
    assert not isinstance(answers, dict), answers
    async for answer in answers:
        yield answer["data"]["homeFeedEvents"]


async def told(backends: Backends, viewer: Viewer, after: str, number: int) -> list[Any]:
    """The next events of a stream."""
    events: list[Any] = []
    opened = stream(backends, viewer, after)
    async for event in opened:
        events.append(event)
        if len(events) == number:
            break
    await opened.aclose()
    return events


def published(post: PostId) -> PostPublished:
    return PostPublished(author_id=post.author_id, post_id=post.id)


async def test_a_reader_is_told_of_new_removed_and_changed(backends: Backends, worker: JobContext) -> None:
    db = backends.db
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    await make.follow(db, ana, ben)
    start = await now(db, ana)

    post = await make.post(db, ben)
    await happen(worker, published(post))
    (news,) = await told(backends, ana, start, 1)
    await make.change(db, post, deleted_at=make.START)
    await happen(worker, PostDeleted(author_id=post.author_id, post_id=post.id))
    await make.follow(db, ana, cleo)
    await happen(worker, UserFollowed(follower_id=ana.user_id, followee_id=cleo.user_id))
    removed, stale = await told(backends, ana, news["cursor"], 2)

    authors = [{"id": str(UserId(ben.user_id)), "handle": "ben"}]
    assert news["hint"] == {"newPostCount": 1, "shouldReload": False, "authors": authors}
    assert (removed["__typename"], removed["removedPostId"]) == ("PostRemovedEvent", str(post))
    assert stale["__typename"] == "HomeFeedStaleEvent"
    assert len({event["cursor"] for event in (news, removed, stale)}) == 3


async def test_posts_that_do_not_stand_in_the_feed_are_not_told(backends: Backends, worker: JobContext) -> None:
    db = backends.db
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    await make.follow(db, ana, ben, cleo)
    start = await now(db, ana)
    posts = [await make.post(db, author, minute) for author, minute in zip((ben, cleo, cleo), count(), strict=False)]
    for post in posts:
        await happen(worker, published(post))

    await make.unfollow(db, ana, ben)
    await make.change(db, posts[1], deleted_at=make.START)
    (news,) = await told(backends, ana, start, 1)

    assert [author["handle"] for author in news["hint"]["authors"]] == ["cleo"]
    assert news["hint"]["newPostCount"] == 1
    assert await told(backends, ana, start, 1) == [news]


async def test_a_cursor_of_another_stream_resets(backends: Backends) -> None:
    ana = await person(backends.db, "ana")

    (reset,) = await told(backends, ana, "not of this stream", 1)

    assert (reset["__typename"], reset["reason"]) == ("StreamResetEvent", "CURSOR_INVALID")


async def test_who_watches_hears_of_a_post_without_redis(backends: Backends, worker: JobContext) -> None:
    """The wake-up is lost and the push fails; the log and the poll go on."""
    db = backends.db
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    start = await now(db, ana)
    post = await make.post(db, ben)

    await happen(make.without_redis(worker), published(post))

    (news,) = await told(backends, ana, start, 1)
    assert news["hint"]["newPostCount"] == 1


async def test_nobody_is_told_of_posts_by_people_they_mute(backends: Backends, worker: JobContext) -> None:
    db = backends.db
    ana, loud, quiet = await people(db, "ana", "loud", "quiet")
    await make.follow(db, ana, loud, quiet)
    start = await now(db, ana)

    await stance(db, ana, loud, muted_at=make.START, mutes=["POSTS"])
    await happen(worker, MutesChanged(owner_id=ana.user_id, person_id=loud.user_id))
    await happen(worker, published(await make.post(db, loud)))
    await happen(worker, published(await make.post(db, quiet)))
    stale, news = await told(backends, ana, start, 2)

    assert stale["__typename"] == "HomeFeedStaleEvent"
    assert [each["handle"] for each in news["hint"]["authors"]] == ["quiet"]
