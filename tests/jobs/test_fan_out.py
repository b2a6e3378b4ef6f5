"""A published post reaches every timeline of its readers and everybody who watches, however often a worker dies."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import update

from core import clock
from core.events import (
    CloseFriendAdded,
    CloseFriendRemoved,
    Event,
    PostAudienceChanged,
    PostDeleted,
    PostPublished,
    UserFollowed,
    UserUnfollowed,
)
from core.ids import PostId
from core.paging import Window
from core.statements import counted
from core.viewer import Viewer
from jobs import feed
from jobs.base import Consequence, JobContext
from models.tasks import Task
from services import event_log, tasks
from services.event_log import LoggedEvent
from services.feed import fan_out, reading
from tests.factories import feed as make
from tests.factories.people import people, person, stance
from tests.jobs import parts

PUSHES: parts.Routes = {PostPublished: (feed.fan_out_post,)}


async def run(ctx: JobContext, event: Event, consequence: Consequence) -> UUID:
    """The whole way of one fact to one consequence."""
    routes: parts.Routes = {type(event): (consequence,)}
    await parts.emit(ctx.db, event)
    (task_id,) = await parts.relayed(ctx.db, routes)
    await parts.handled(ctx, routes, [task_id])
    return task_id


async def read(ctx: JobContext, viewer: Viewer) -> list[PostId]:
    return list((await reading.page(ctx.db, ctx.cache, reading.look(viewer, None), Window(50))).ids)


async def watch(ctx: JobContext, viewer: Viewer) -> dict[str, int]:
    return await ctx.db.write(lambda tx: event_log.watch(tx, [event_log.home_topic(viewer.user_id)]))


async def told(ctx: JobContext, marks: dict[str, int]) -> Sequence[LoggedEvent]:
    async with ctx.db.reading(fresh=True) as db:
        return await event_log.read(db, marks, 100)


async def reopen(ctx: JobContext, task_id: UUID) -> None:
    """Let a task be done from its beginning again, as after a crash before its place was kept."""
    fresh = {"done_at": None, "position": None, "lease_until": None, "tries": 0}
    async with ctx.db.transaction() as tx:
        await tx.execute(update(Task).where(Task.id == task_id).values(fresh))


def published(post: PostId) -> PostPublished:
    return PostPublished(author_id=post.author_id, post_id=post.id)


async def test_a_post_is_pushed_to_warm_timelines(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    older = await make.post(ctx.db, ben, 1)
    await read(ctx, ana)
    newer = await make.post(ctx.db, ben, 2)

    await run(ctx, published(newer), feed.fan_out_post)

    with counted() as statements:
        assert await read(ctx, ana) == [newer, older]
    assert len(statements) == 0
    assert await parts.open_tasks(ctx.db) == 0


async def test_all_pieces_are_reached_and_nobody_without_a_timeline(
    ctx: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "PIECE", 3)
    ben = await person(ctx.db, "ben")
    fans = [await person(ctx.db, f"fan{n}") for n in range(8)]
    for fan in fans:
        await make.follow(ctx.db, fan, ben)
    for fan in fans[:7]:
        await read(ctx, fan)
    before = await ctx.cache.run(lambda redis: redis.dbsize())
    post = await make.post(ctx.db, ben)

    await run(ctx, published(post), feed.fan_out_post)

    assert await ctx.cache.run(lambda redis: redis.dbsize()) == before
    missing = await reading.missing_entries(ctx.db, ctx.cache, [fan.user_id for fan in fans])
    assert missing == []


async def test_after_a_crash_it_goes_on_where_it_was(ctx: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "PIECE", 3)
    ben = await person(ctx.db, "ben")
    fans = [await person(ctx.db, f"fan{n}") for n in range(8)]
    for fan in fans:
        await make.follow(ctx.db, fan, ben)
        await read(ctx, fan)
    post = await make.post(ctx.db, ben)
    await parts.emit(ctx.db, published(post))
    (task_id,) = await parts.relayed(ctx.db, PUSHES)
    claim = await ctx.db.write(lambda tx: tasks.claim(tx, task_id, ["feed.fan_out_post"]))
    assert claim
    # What a worker did before it was killed: the first piece, and its place in the task.
    order = sorted((fan.user_id for fan in fans), key=lambda each: each.bytes)
    await ctx.db.write(lambda tx: tasks.advance(tx, claim, {"after": str(order[2])}))
    await ctx.db.write(lambda tx: tasks.give_back(tx, claim))

    await parts.handled(ctx, PUSHES, [task_id])

    missing = await reading.missing_entries(ctx.db, ctx.cache, order)
    assert {person for person, _ in missing} == set(order[:3])


async def test_running_twice_shows_and_tells_once(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    await read(ctx, ana)
    marks = await watch(ctx, ana)
    post = await make.post(ctx.db, ben)

    task_id = await run(ctx, published(post), feed.fan_out_post)
    await reopen(ctx, task_id)
    await parts.handled(ctx, PUSHES, [task_id])

    assert await read(ctx, ana) == [post]
    assert [each.event for each in await told(ctx, marks)] == ["PostPublished"]


async def test_a_post_deleted_meanwhile_is_not_pushed(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    await read(ctx, ana)
    post = await make.post(ctx.db, ben, deleted_at=make.START)

    await run(ctx, published(post), feed.fan_out_post)

    assert await read(ctx, ana) == []


async def test_without_redis_watchers_are_told_and_the_push_is_tried_again(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    await read(ctx, ana)
    marks = await watch(ctx, ana)
    post = await make.post(ctx.db, ben)

    task_id = await run(make.without_redis(ctx), published(post), feed.fan_out_post)
    during = await told(ctx, marks)
    assert await read(ctx, ana) == []
    await reopen(ctx, task_id)
    await parts.handled(ctx, PUSHES, [task_id])

    assert [each.ids["post_id"] for each in during] == [str(post.id)]
    assert await told(ctx, marks) == during
    assert await read(ctx, ana) == [post]


async def test_a_deleted_post_leaves_timelines_and_watchers_are_told(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    kept, deleted = await make.posts(ctx.db, ben, [1, 2])
    await read(ctx, ana)
    marks = await watch(ctx, ana)
    await make.change(ctx.db, deleted, deleted_at=make.START)

    await run(ctx, PostDeleted(author_id=deleted.author_id, post_id=deleted.id), feed.take_back_post)

    assert await read(ctx, ana) == [kept]
    assert [each.event for each in await told(ctx, marks)] == ["PostDeleted"]


async def test_nobody_hears_of_a_post_that_is_deleted_before_it_was_published(ctx: JobContext) -> None:
    ana, ben = await person(ctx.db, "ana"), await person(ctx.db, "ben")
    await make.follow(ctx.db, ana, ben)
    marks = await watch(ctx, ana)
    draft = await make.post(ctx.db, ben, status="PROCESSING", published_at=None, deleted_at=make.START)

    await run(ctx, PostDeleted(author_id=draft.author_id, post_id=draft.id), feed.take_back_post)

    assert await told(ctx, marks) == []


@pytest.mark.parametrize("kind", [UserFollowed, UserUnfollowed])
async def test_a_change_of_follows_starts_the_feed_anew(
    ctx: JobContext, kind: type[UserFollowed | UserUnfollowed]
) -> None:
    ana, ben, cleo = await people(ctx.db, "ana", "ben", "cleo")
    await make.follow(ctx.db, ana, ben)
    mine, theirs = await make.post(ctx.db, ben, 1), await make.post(ctx.db, cleo, 2)
    assert await read(ctx, ana) == [mine]
    marks = await watch(ctx, ana)
    await (make.follow if kind is UserFollowed else make.unfollow)(ctx.db, ana, cleo if kind is UserFollowed else ben)

    await run(ctx, kind(follower_id=ana.user_id, followee_id=cleo.user_id), feed.start_anew)

    assert await read(ctx, ana) == ([theirs, mine] if kind is UserFollowed else [])
    assert [each.event for each in await told(ctx, marks)] == [kind.__name__]


@pytest.fixture
async def audience(ctx: JobContext) -> dict[str, Viewer]:
    """Ben, and two who follow him: a fan, and a friend whom he lists as close."""
    people = {name: await person(ctx.db, name) for name in ("ben", "fan", "friend")}
    for name in ("fan", "friend"):
        await make.follow(ctx.db, people[name], people["ben"])
    await stance(ctx.db, people["ben"], people["friend"], close_friend_since=clock.now())
    return people


READERS = {
    "PUBLIC": {"fan", "friend"},
    "FOLLOWERS": {"fan", "friend"},
    "CLOSE_FRIENDS": {"friend"},
    "ONLY_ME": set[str](),
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("is_warm", [True, False], ids=["pushed", "from the tables"])
async def test_a_post_comes_to_those_alone_whom_it_is_for(
    ctx: JobContext, audience: dict[str, Viewer], kind: str, *, is_warm: bool
) -> None:
    marks = {name: await watch(ctx, audience[name]) for name in ("fan", "friend")}
    for name in ("fan", "friend") if is_warm else ():
        await read(ctx, audience[name])
    post = await make.post(ctx.db, audience["ben"], audience=kind)

    await run(ctx, published(post), feed.fan_out_post)

    assert {name for name in ("fan", "friend") if await read(ctx, audience[name])} == READERS[kind]
    assert {name for name, mark in marks.items() if await told(ctx, mark)} == READERS[kind]
    everybody = [each.user_id for each in audience.values()]
    assert await reading.missing_entries(ctx.db, ctx.cache, everybody) == []


@pytest.mark.parametrize("kind", READERS)
async def test_the_end_of_a_post_is_told_to_those_alone_whom_it_was_for(
    ctx: JobContext, audience: dict[str, Viewer], kind: str
) -> None:
    post = await make.post(ctx.db, audience["ben"], audience=kind, deleted_at=make.START)
    marks = {name: await watch(ctx, audience[name]) for name in ("fan", "friend")}

    await run(ctx, PostDeleted(post.author_id, post.id), feed.take_back_post)

    assert {name for name, mark in marks.items() if await told(ctx, mark)} == READERS[kind]


@pytest.mark.parametrize(("before", "after"), [(one, other) for one in READERS for other in READERS if one != other])
async def test_another_audience_brings_a_post_and_takes_it_back(
    ctx: JobContext, audience: dict[str, Viewer], before: str, after: str
) -> None:
    post = await make.post(ctx.db, audience["ben"], audience=before)
    for name in ("fan", "friend"):
        assert bool(await read(ctx, audience[name])) == (name in READERS[before])
    marks = {name: await watch(ctx, audience[name]) for name in ("fan", "friend")}
    await make.change(ctx.db, post, audience=after)

    await run(ctx, PostAudienceChanged(post.author_id, post.id, before), feed.move_post)

    assert {name for name in ("fan", "friend") if await read(ctx, audience[name])} == READERS[after]
    heard = {name: [each.event for each in await told(ctx, mark)] for name, mark in marks.items()}
    gained, lost = READERS[after] - READERS[before], READERS[before] - READERS[after]
    assert heard == {
        name: ["PostPublished"] if name in gained else ["PostDeleted"] if name in lost else []
        for name in ("fan", "friend")
    }


async def test_a_change_that_was_taken_back_takes_nothing(ctx: JobContext, audience: dict[str, Viewer]) -> None:
    post = await make.post(ctx.db, audience["ben"])
    for name in ("fan", "friend"):
        await read(ctx, audience[name])
    marks = await watch(ctx, audience["fan"])

    await run(ctx, PostAudienceChanged(post.author_id, post.id, "ONLY_ME"), feed.move_post)
    await run(ctx, PostAudienceChanged(post.author_id, post.id, "PUBLIC"), feed.move_post)

    assert await read(ctx, audience["fan"]) == await read(ctx, audience["friend"]) == [post]
    assert [each.event for each in await told(ctx, marks)] == ["PostPublished"]


async def test_another_list_of_close_friends_changes_feeds_and_tells_nobody(
    ctx: JobContext, audience: dict[str, Viewer]
) -> None:
    ben, fan, friend = audience["ben"], audience["fan"], audience["friend"]
    post = await make.post(ctx.db, ben, audience="CLOSE_FRIENDS")
    marks = {name: await watch(ctx, audience[name]) for name in ("fan", "friend")}
    assert [await read(ctx, each) for each in (fan, friend)] == [[], [post]]
    await stance(ctx.db, ben, fan, close_friend_since=clock.now())
    await stance(ctx.db, ben, friend, close_friend_since=None)

    await run(ctx, CloseFriendAdded(ben.user_id, fan.user_id), feed.rebuild_friends)
    await run(ctx, CloseFriendRemoved(ben.user_id, friend.user_id), feed.rebuild_friends)

    assert [await read(ctx, each) for each in (fan, friend)] == [[post], []]
    assert [list(await told(ctx, mark)) for mark in marks.values()] == [[], []]
