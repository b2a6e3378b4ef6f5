"""Pages of the home feed are the same with and without Redis, and lose nothing whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import BadInput
from core.ids import PostId
from core.paging import Window
from core.redis import Cache
from core.settings import settings
from core.statements import counted
from core.viewer import Viewer
from services.feed import reading, timelines
from tests.factories import feed as make
from tests.factories.people import people, person

NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def cache(backends: Backends) -> Cache:
    return backends.cache


@pytest.fixture
async def no_cache() -> AsyncIterator[Cache]:
    away = Cache.from_url(NOWHERE)
    yield away
    await away.aclose()


async def read(db: Database, cache: Cache, viewer: Viewer, first: int = 50, after: str | None = None) -> list[PostId]:
    page = await reading.page(db, cache, reading.look(viewer, after), Window(first, after))
    return list(page.ids)


async def push(db: Database, cache: Cache, readers: list[Viewer], post: PostId) -> None:
    number = await reading.epochs(db, cache).current(fresh=True)
    await timelines.push(cache, number, [reader.user_id for reader in readers], post)


async def raw_key(db: Database, cache: Cache, viewer: Viewer) -> str:
    number = await reading.epochs(db, cache).current()
    return f"feed:{{{viewer.user_id.hex}}}:{number}"


async def test_a_feed_holds_published_posts_of_followed_people_newest_first(db: Database, cache: Cache) -> None:
    ana, ben, cleo, stranger = await people(db, "ana", "ben", "cleo", "dora")
    await make.follow(db, ana, ben, cleo)
    older, newer = await make.post(db, ben, 1), await make.post(db, cleo, 2)
    await make.post(db, stranger, 3)
    await make.post(db, ana, 4)
    await make.post(db, ben, 5, status="PROCESSING", published_at=None)
    await make.post(db, ben, 6, deleted_at=make.START)

    first_read, second_read = await read(db, cache, ana), await read(db, cache, ana)

    assert first_read == second_read == [newer, older]


async def test_without_redis_the_pages_are_the_same(db: Database, cache: Cache, no_cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    await make.posts(db, ben, range(0, 40 * 1440, 1440))

    with_redis, without = await read(db, cache, ana, 35), await read(db, no_cache, ana, 35)

    assert len(with_redis) == 35
    assert with_redis == without


async def test_a_warm_timeline_is_read_without_the_database(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    posts = await make.posts(db, ben, range(30))
    await read(db, cache, ana)

    with counted() as statements:
        found = await read(db, cache, ana, 20)

    assert found == posts[:9:-1]
    assert len(statements) == 0


async def test_pages_neither_repeat_nor_skip_while_posts_arrive(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    posts = await make.posts(db, ben, range(10))

    seen: list[PostId] = []
    arrived: list[PostId] = []
    after = None
    for minute in range(100, 105):
        page = await reading.page(db, cache, reading.look(ana, after), Window(2, after))
        seen += page.ids
        after = page.cursors[-1]
        arrived.append(await make.post(db, ben, minute))
        await push(db, cache, [ana], arrived[-1])

    assert seen == posts[::-1]
    assert not page.has_next
    assert await read(db, cache, ana) == [*arrived[::-1], *posts[::-1]]


async def test_all_pages_of_a_look_carry_its_time(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    await make.posts(db, ben, range(3))
    at = reading.look(ana, None)

    cursor = (await reading.page(db, cache, at, Window(1))).cursors[0]
    with clock.frozen(at.taken_at + timedelta(hours=1)):
        resumed = reading.look(ana, cursor)

    assert resumed == at


async def test_a_post_pushed_twice_shows_once(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    older = await make.post(db, ben, 1)
    await read(db, cache, ana)
    newer = await make.post(db, ben, 2)

    for _ in range(2):
        await push(db, cache, [ana], newer)

    assert await read(db, cache, ana) == [newer, older]


async def test_a_post_published_late_stands_where_it_was_made(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    waiting = await make.post(db, ben, 1, status="PROCESSING", published_at=None)
    quick = await make.post(db, ben, 2)
    await read(db, cache, ana)

    await make.change(db, waiting, status="PUBLISHED", published_at=make.START)
    await push(db, cache, [ana], waiting)

    assert await read(db, cache, ana) == [quick, waiting]


async def test_a_post_pushed_during_a_rebuild_is_kept(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    number = await reading.epochs(db, cache).current()
    read_before = timelines.Timeline([], is_whole=True)

    mark = await timelines.begin(cache, number, ana.user_id)
    assert mark
    post = await make.post(db, ben, 1)
    await push(db, cache, [ana], post)
    await timelines.finish(cache, number, ana.user_id, mark, read_before)

    with counted() as statements:
        assert await read(db, cache, ana) == [post]
    assert len(statements) == 0


async def test_a_timeline_dropped_during_its_rebuild_stays_dropped(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    number = await reading.epochs(db, cache).current()
    mark = await timelines.begin(cache, number, ana.user_id)
    assert mark
    await make.follow(db, ana, ben)
    post = await make.post(db, ben, 1)

    await timelines.drop(cache, number, ana.user_id)
    await timelines.finish(cache, number, ana.user_id, mark, timelines.Timeline([], is_whole=True))

    assert await read(db, cache, ana) == [post]


async def test_while_another_rebuilds_the_database_answers(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    post = await make.post(db, ben, 1)
    number = await reading.epochs(db, cache).current()
    assert await timelines.begin(cache, number, ana.user_id)

    assert await timelines.begin(cache, number, ana.user_id) is None
    assert await read(db, cache, ana) == [post]


async def test_nothing_is_lost_while_timelines_are_dropped_rebuilt_and_written_at_once(
    db: Database, cache: Cache
) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    number = await reading.epochs(db, cache).current()

    async def publish(minutes: range) -> None:
        for minute in minutes:
            await push(db, cache, [ana], await make.post(db, ben, minute))

    async def disturb() -> None:
        for _ in range(25):
            await timelines.drop(cache, number, ana.user_id)
            await asyncio.gather(*(read(db, cache, ana) for _ in range(3)))

    await asyncio.gather(disturb(), *(publish(range(start, start + 10)) for start in (0, 10, 20)))

    assert len(await read(db, cache, ana)) == 30
    assert await reading.missing_entries(db, cache, [ana.user_id]) == []


async def test_a_list_without_its_flag_is_not_trusted(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    await read(db, cache, ana)
    post = await make.post(db, ben, 1)
    key = await raw_key(db, cache, ana)

    await cache.run(lambda redis: redis.delete(f"{key}:complete"))

    assert await read(db, cache, ana) == [post]


async def test_a_timeline_is_trimmed_and_the_database_goes_on_below_it(
    db: Database, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APERTURE_TIMELINE_LENGTH", "20")
    settings.cache_clear()
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    posts = await make.posts(db, ben, range(60))
    key = await raw_key(db, cache, ana)
    for minute in range(60, 260):
        await read(db, cache, ana, 1)
        posts.append(await make.post(db, ben, minute))
        await push(db, cache, [ana], posts[-1])

    everything: list[PostId] = []
    after, lengths = None, set()
    for _ in range(26):
        page = await reading.page(db, cache, reading.look(ana, after), Window(10, after))
        everything += page.ids
        after = page.cursors[-1]
        lengths.add(await cache.run(lambda redis: redis.llen(key)))

    assert everything == posts[::-1]
    assert max(lengths) <= 20 + 101


async def test_a_late_post_below_the_end_of_a_timeline_hides_nothing_between(
    db: Database, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APERTURE_TIMELINE_LENGTH", "5")
    settings.cache_clear()
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    waiting = await make.post(db, ben, 0, status="PROCESSING", published_at=None)
    posts = await make.posts(db, ben, range(1, 20))
    await read(db, cache, ana)

    await make.change(db, waiting, status="PUBLISHED", published_at=make.START)
    await push(db, cache, [ana], waiting)

    assert await read(db, cache, ana) == [*posts[::-1], waiting]


async def test_after_a_restart_of_redis_old_timelines_count_for_nothing(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    await read(db, cache, ana)
    post = await make.post(db, ben, 1)
    epochs = reading.epochs(db, cache)
    before = await epochs.current()

    await make.forget_server(db)

    assert await epochs.current(fresh=True) == before + 1
    assert await read(db, cache, ana) == [post]


@pytest.mark.parametrize("cursor", ["", "x", "not a cursor", "🙂", "A" * 64])
async def test_garbage_is_no_cursor(db: Database, cursor: str) -> None:
    ana = await person(db, "ana")

    with pytest.raises(BadInput):
        reading.look(ana, cursor)


async def test_a_cursor_of_another_person_is_refused(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    await make.post(db, ben)
    at = reading.look(ana, None)
    (cursor,) = (await reading.page(db, cache, at, Window(1))).cursors

    with pytest.raises(BadInput):
        reading.look(ben, cursor)


async def test_newer_posts_are_found_and_bounded(db: Database, cache: Cache) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await make.follow(db, ana, ben)
    first = await make.post(db, ben, 0)
    since = reading.look(ana, None).cursor(first)
    assert await reading.newer(db, cache, ana, since, 50) == []

    posts = await make.posts(db, ben, range(1, 61))
    for post in posts:
        await push(db, cache, [ana], post)

    assert await reading.newer(db, cache, ana, since, 50) == posts[:9:-1]


async def test_a_look_is_outdated_once_somebody_is_followed(db: Database) -> None:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    await make.follow(db, ana, ben, at=make.START)
    at = reading.Look(ana.user_id, make.START + timedelta(minutes=1))
    async with db.reading() as read:
        assert not await reading.is_outdated(read, at)

    await make.follow(db, ana, cleo, at=make.START + timedelta(minutes=2))

    async with db.reading() as read:
        assert await reading.is_outdated(read, at)


async def test_a_missing_entry_is_found_and_nothing_else(db: Database, cache: Cache) -> None:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    await make.follow(db, ana, ben)
    await make.follow(db, cleo, ben)
    await make.post(db, ben, 1)
    await read(db, cache, ana)
    await read(db, cache, cleo)
    lost = await make.post(db, ben, 2)
    await push(db, cache, [cleo], lost)

    missing = await reading.missing_entries(db, cache, [ana.user_id, ben.user_id, cleo.user_id])

    assert missing == [(ana.user_id, lost)]
