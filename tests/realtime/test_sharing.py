"""Viewers who may see the same share one execution, and nobody is given what was made for somebody with other eyes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, event, or_, update

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.subscription import Outlet, subscribe
from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.ending import end
from core.errors import ApiError
from core.ids import PostId, new_uuid
from core.viewer import Viewer
from models.follows import Follow, Follower
from models.posts import Post
from models.profiles import User
from schema.context import Context
from services import event_log, likes
from services.event_log import Entry, LoggedEvent
from services.visibility.relationships import relationships
from tests.factories.people import block, follow, person
from tests.factories.posts import comment, post
from tests.jobs.parts import until
from tests.realtime.numbers import Hearing, NumberEvent, all_heard, answers_of, asleep, begin, graph_of, log, numbers

FIELDS = """id caption { text } likeCount commentCount hidesLikeCount viewerCanComment viewerCannotCommentReason
  viewerCanEdit media { id } author { id displayName isViewer viewerAccess followerCount }
  commentPreview { id body { text } author { id displayName viewerAccess } }"""
WATCH = """subscription ($ids: [ID!]!, $after: String) { it: postEvents(postIds: $ids, after: $after) {
  __typename cursor ... on PostUpdatedEvent { post { %s } } ... on PostRemovedEvent { removedPostId } } }"""
SHARED, PERSONAL = WATCH % FIELDS, WATCH % f"{FIELDS} viewerHasLiked"
SECONDS = 20

Change = Callable[[Write, PostId], Awaitable[Any]]


@pytest.fixture
def door(backends: Backends) -> Iterator[list[str]]:
    """Each time posts are read for somebody."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if "join posts p on p.author_id = asked.author_id" in sql:
            asked.append(sql)

    engine = backends.db._primary.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@dataclass
class Scene:
    """A post of Ana's with comments, and people of every kind who watch it: awake, or as streams that sleep."""

    backends: Backends
    picture: PostId
    people: dict[str, Viewer]
    is_asleep: bool = False
    document: str = SHARED

    def __post_init__(self) -> None:
        self.graph = Graph(schema._schema)
        self.cursor = "from now on"

    async def happen(self, change: Change | None = None) -> None:
        """Let something change, and be told."""
        entry = Entry(event_log.post_topic(self.picture.id), "PostUpdated", {**_ids(self.picture)})

        async def work(tx: Write) -> None:
            if change is not None:
                await change(tx, self.picture)
            await event_log.append(tx, new_uuid(), [entry])

        await self.backends.db.write(work)

    async def watching(self, stack: AsyncExitStack, viewer: Viewer, outlet: Outlet | None = None) -> Any:
        """The answers that a viewer's stream gives behind the cursor."""
        variables = {"ids": [str(self.picture)], "after": self.cursor}
        request = GraphQLRequest(self.document, variables=variables)
        answers = await subscribe(self.graph, request, Context(self.backends, viewer), outlet)
        assert not isinstance(answers, dict), answers
        stack.push_async_callback(answers.aclose)
        return answers

    async def begin(self) -> None:
        """Take the cursor of a stream that stands here."""
        async with AsyncExitStack() as stack:
            reset = await anext(await self.watching(stack, Viewer()))
        self.cursor = reset["data"]["it"]["cursor"]

    async def told_together(self, change: Change | None = None) -> dict[str, Any]:
        """What each is told of a change at the same moment."""
        if self.is_asleep:
            return await self._told_asleep(change)
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            streams = [await self.watching(stack, viewer) for viewer in self.people.values()]
            await self.happen(change)
            answers = await asyncio.gather(*map(anext, streams))
        return dict(zip(self.people, answers, strict=True))

    async def _told_asleep(self, change: Change | None) -> dict[str, Any]:
        clients = {name: Hearing() for name in self.people}
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            for name, client in clients.items():
                stream = await self.watching(stack, self.people[name], client)
                listening = asyncio.create_task(client.listen(stream))
                stack.push_async_callback(end, listening)
            await asleep()
            await self.happen(change)
            await until(lambda: all_heard(clients.values(), 1))
        assert sum(client.pushed for client in clients.values()) > 1 or self.document is PERSONAL
        return {name: client.heard[0] for name, client in clients.items()}

    async def told_alone(self, viewer: Viewer) -> Any:
        """What a viewer is told who comes by himself."""
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            return await anext(await self.watching(stack, viewer))


@pytest.fixture(params=[False, True], ids=["awake", "asleep"])
async def scene(backends: Backends, db: Database, request: pytest.FixtureRequest) -> Scene:
    # Who leads a class must stand for those with more to see: fay follows fewer than dora.
    names = ["ana", "ben", "cleo", "fay", "dora", "emil", "gina", "hugo"]
    people = {name: await person(db, name) for name in names}
    ana, shy = people["ana"], await person(db, "shy", is_private=True)
    for name in ("dora", "emil", "fay"):
        await follow(db, people[name], ana)
    await follow(db, ana, people["gina"])
    await follow(db, people["hugo"], ana, state="PENDING")
    for name in ("ben", "dora"):
        await follow(db, people[name], shy)
    picture = await post(db, ana, caption="Before")
    for writer in (shy, people["ben"], people["emil"]):
        await comment(db, writer, picture)
    await block(db, people["cleo"], people["emil"])
    await comment(db, people["hugo"], picture, state="HELD")
    suspended = Viewer(id=people["ben"].id, status="SUSPENDED")
    made = Scene(
        backends, picture, {**people, "nobody": Viewer(), "somebody": Viewer(), "suspended": suspended}, request.param
    )
    await made.begin()
    return made


def _ids(picture: PostId) -> dict[str, str]:
    return {"author_id": str(picture.author_id), "post_id": str(picture.id)}


def _of_post(**facts: Any) -> Change:
    return lambda tx, picture: tx.execute(update(Post).where(Post.id == picture.id).values(facts))


def _of_author(**facts: Any) -> Change:
    return lambda tx, picture: tx.execute(update(User).where(User.id == picture.author_id).values(facts))


CHANGES: list[Change] = [
    _of_post(caption="After"),
    _of_post(audience="FOLLOWERS"),
    _of_post(hides_like_count=True),
    _of_post(comment_audience="FOLLOWERS"),
    _of_post(comment_audience="FOLLOWING"),
    _of_post(comment_audience="NOBODY"),
    _of_post(status="FAILED"),
    _of_post(deleted_at=clock.now()),
    _of_author(is_private=True),
    _of_author(status="SUSPENDED"),
    _of_author(status="DELETED"),
]


def _placeless(answer: Any) -> Any:
    """What is told; who comes back after a post is gone is told so without following it any more."""
    event = answer["data"]["it"]
    return {"removed": event["removedPostId"]} if event["__typename"] == "PostRemovedEvent" else answer


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
async def test_together_everybody_is_told_what_each_is_told_alone(scene: Scene, change: Change) -> None:
    together = await scene.told_together(change)
    alone = {name: await scene.told_alone(viewer) for name, viewer in scene.people.items()}

    assert {name: _placeless(each) for name, each in together.items()} == {
        name: _placeless(each) for name, each in alone.items()
    }
    assert len({id(answer) for answer in together.values()}) < len(together)


async def test_a_crowd_of_strangers_is_one_execution(scene: Scene, door: list[str]) -> None:
    scene.people = {str(number): Viewer(id=new_uuid()) for number in range(30)}
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        streams = [await scene.watching(stack, viewer) for viewer in scene.people.values()]
        door.clear()
        await scene.happen()
        answers = await asyncio.gather(*map(anext, streams))

    assert len({id(answer) for answer in answers}) == 1
    assert len(door) <= 3


async def test_who_sees_the_same_is_told_the_same(scene: Scene) -> None:
    answers = await scene.told_together(_of_post(audience="FOLLOWERS"))

    followers = [answers[name]["data"]["it"]["__typename"] for name in ("dora", "emil", "fay")]
    strangers = [answers[name]["data"]["it"]["__typename"] for name in ("ben", "cleo", "gina", "hugo", "nobody")]
    assert (set(followers), set(strangers)) == ({"PostUpdatedEvent"}, {"PostRemovedEvent"})
    assert answers["nobody"] is answers["somebody"]


async def test_what_ends_between_two_events_is_obeyed_at_the_next(scene: Scene) -> None:
    names = ["dora", "emil", "fay"]

    async def part(tx: Write, picture: PostId) -> None:
        gone = scene.people["emil"].user_id
        for table in (Follow, Follower):
            is_theirs = or_(table.follower_id == gone, table.followee_id == gone)
            await tx.execute(delete(table).where(is_theirs))

    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        streams = [await scene.watching(stack, scene.people[name]) for name in names]
        kinds = []
        for change in (_of_post(audience="FOLLOWERS"), part):
            await scene.happen(change)
            answers = await asyncio.gather(*map(anext, streams))
            kinds.append([answer["data"]["it"]["__typename"] for answer in answers])

    assert kinds == [["PostUpdatedEvent"] * 3, ["PostUpdatedEvent", "PostRemovedEvent", "PostUpdatedEvent"]]


async def test_a_document_with_a_personal_field_runs_for_each(scene: Scene) -> None:
    scene.document = PERSONAL
    await scene.backends.db.write(lambda tx: likes.like_post(tx, scene.people["ben"], scene.picture))

    answers = await scene.told_together()

    has_liked = {name: answer["data"]["it"]["post"]["viewerHasLiked"] for name, answer in answers.items()}
    assert {name for name, liked in has_liked.items() if liked} == {"ben", "suspended"}


async def test_what_reads_its_viewer_unmarked_is_shared_by_nobody(backends: Backends, db: Database) -> None:
    async def tell_id(ctx: Context, logged: LoggedEvent, cursor: str) -> NumberEvent:
        return NumberEvent(cursor=cursor, occurred_at=logged.at, number=ctx.viewer.user_id.int)

    assert await _told_each(backends, db, tell_id, 4) == [1, 2, 3, 4]


async def test_what_goes_by_a_follow_is_shared_by_those_who_follow(backends: Backends, db: Database) -> None:
    runs: list[int] = []
    target = await person(db, "ana")
    for number in (2, 4):
        await follow(db, (await person(db, f"fan{number}", id=numbered(number))), target)

    async def tell_whether_follows(ctx: Context, logged: LoggedEvent, cursor: str) -> NumberEvent:
        runs.append(1)
        async with ctx.loaders.scope.reading() as read:
            found = await relationships(read, ctx.viewer, [target.user_id])
        return NumberEvent(cursor=cursor, occurred_at=logged.at, number=int(found[target.user_id].follows))

    assert await _told_each(backends, db, tell_whether_follows, 5) == [0, 1, 0, 1, 0]
    assert len(runs) == 2


async def test_what_breaks_for_one_is_tried_by_each(backends: Backends, db: Database) -> None:
    runs: list[int] = []

    async def fail_first(ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        runs.append(1)
        if len(runs) == 1:
            raise ApiError("FORBIDDEN", "Not for the first.")
        return NumberEvent(cursor=cursor, occurred_at=logged.at, number=7)

    assert await _told_each(backends, db, fail_first, 3) == [7, 7, 7]


def numbered(number: int) -> Any:
    """The id of the viewer with a number."""
    return UUID(int=number)


async def _told_each(backends: Backends, db: Database, present: Any, count: int) -> list[int]:
    """What the viewers 1 to `count` are told of one event at once."""
    start, graph = await begin(db), graph_of(numbers(present=present))
    async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
        viewers = [Viewer(id=numbered(number + 1)) for number in range(count)]
        streams = [await stack.enter_async_context(answers_of(backends, graph, start, viewer)) for viewer in viewers]
        waiting = [asyncio.create_task(anext(stream)) for stream in streams]
        await log(db, 1)
        answers = await asyncio.gather(*waiting)
    return [answer["data"]["told"]["number"] for answer in answers]
