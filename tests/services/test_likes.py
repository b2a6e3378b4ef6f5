"""Liking posts."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import func, select

from core.db import Database
from core.errors import NotFound
from core.ids import PostId, new_uuid
from core.paging import Window
from models.likes import PostLike
from models.outbox import OutboxEntry
from services import counters, likes
from services.visibility import posts
from tests.factories.people import follow, person
from tests.factories.posts import post


async def _likes(db: Database, post_id: PostId) -> int:
    async with db.reading() as read:
        found = await counters.read(read, [(post_id.author_id, post_id.id)])
    return found[post_id.author_id, post_id.id].get("likes", 0)


async def test_liking_twice_counts_once(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)

    for _ in range(2):
        await db.write(lambda tx: likes.like_post(tx, ben, picture))

    assert await _likes(db, picture) == 1
    async with db.reading() as read:
        assert list(await read.scalars(select(OutboxEntry.event))) == ["PostLiked"]


async def test_liking_at_the_same_time_counts_once(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)

    await asyncio.gather(*(db.write(lambda tx: likes.like_post(tx, ben, picture)) for _ in range(8)))

    assert await _likes(db, picture) == 1


async def test_unliking_takes_one_like_back_and_no_more(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)
    await db.write(lambda tx: likes.like_post(tx, ben, picture))

    for _ in range(2):
        await db.write(lambda tx: likes.unlike_post(tx, ben, picture))

    assert await _likes(db, picture) == 0


async def test_folding_keeps_every_count(db: Database) -> None:
    ana = await person(db, "ana")
    picture = await post(db, ana)
    for number in range(5):
        fan = await person(db, f"fan{number}")
        await db.write(partial(likes.like_post, viewer=fan, post_id=picture))

    folded = await db.write(counters.fold)

    assert folded == 5
    assert await _likes(db, picture) == 5


async def test_a_hidden_or_unknown_post_cannot_be_liked(db: Database) -> None:
    ana, ben = await person(db, "ana", is_private=True), await person(db, "ben")
    hidden = await post(db, ana)

    for target in (hidden, PostId(ana.user_id, new_uuid())):
        with pytest.raises(NotFound):
            await db.write(partial(likes.like_post, viewer=ben, post_id=target))

    async with db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(PostLike)) == 0


async def test_likers_the_viewer_follows_come_first(db: Database) -> None:
    ana = await person(db, "ana")
    picture = await post(db, ana)
    fans = [await person(db, f"fan{number}") for number in range(4)]
    for fan in fans:
        await db.write(partial(likes.like_post, viewer=fan, post_id=picture))
    await follow(db, ana, fans[0])

    async with db.reading() as read:
        seen = await posts.require_post(read, ana, picture)
        (first,) = await likes.pages_of_likers(read, ana, [(seen, Window(2))])
        (rest,) = await likes.pages_of_likers(read, ana, [(seen, Window(2, first.cursors[-1]))])

    listed = [row.person_id for row in (*first.ids, *rest.ids)]
    assert listed[0] == fans[0].id
    assert sorted(listed) == sorted(fan.user_id for fan in fans)
    assert not rest.has_next
