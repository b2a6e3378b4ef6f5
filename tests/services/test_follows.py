"""Following people."""

from functools import partial

import pytest

from core.db import Database
from core.errors import Invalid, NotFound
from core.ids import UserId, new_uuid
from core.paging import Window
from core.viewer import Viewer
from services import counters, follows
from services.visibility.relationships import relationships
from tests.factories.people import person


async def _counts(db: Database, who: Viewer) -> dict[str, int]:
    async with db.reading() as read:
        found = await counters.read(read, [(who.user_id, who.user_id)])
    return dict(found[who.user_id, who.user_id])


async def test_following_twice_counts_once_on_both_sides(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")

    for _ in range(2):
        await db.write(lambda tx: follows.follow_user(tx, ana, ben.user_id))

    assert await _counts(db, ana) == {"following": 1}
    assert await _counts(db, ben) == {"followers": 1}


async def test_following_goes_one_way(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")

    await db.write(lambda tx: follows.follow_user(tx, ana, ben.user_id))

    async with db.reading() as read:
        of_ana = (await relationships(read, ana, [ben.user_id]))[ben.user_id]
        of_ben = (await relationships(read, ben, [ana.user_id]))[ana.user_id]
    assert (of_ana.follows, of_ana.followed_by) == (True, False)
    assert (of_ben.follows, of_ben.followed_by) == (False, True)


async def test_a_private_account_is_asked(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben", is_private=True)

    await db.write(lambda tx: follows.follow_user(tx, ana, ben.user_id))

    async with db.reading() as read:
        standing = (await relationships(read, ana, [ben.user_id]))[ben.user_id]
    assert (standing.follows, standing.has_requested) == (False, True)
    assert await _counts(db, ben) == {}


async def test_unfollowing_undoes_a_follow_and_a_request(db: Database) -> None:
    ana, ben, eva = await person(db, "ana"), await person(db, "ben"), await person(db, "eva", is_private=True)
    for whom in (ben, eva):
        await db.write(partial(follows.follow_user, viewer=ana, user_id=whom.user_id))

    for whom in (ben, eva, ben):
        await db.write(partial(follows.unfollow_user, viewer=ana, user_id=whom.user_id))

    async with db.reading() as read:
        standing = await relationships(read, ana, [ben.user_id, eva.user_id])
    assert not any(each.follows or each.has_requested for each in standing.values())
    assert (await _counts(db, ana))["following"] == 0


async def test_nobody_follows_themselves_or_nobody(db: Database) -> None:
    ana = await person(db, "ana")

    with pytest.raises(Invalid):
        await db.write(lambda tx: follows.follow_user(tx, ana, ana.user_id))
    with pytest.raises(NotFound):
        await db.write(lambda tx: follows.follow_user(tx, ana, new_uuid()))


async def test_lists_are_paged_without_gap_while_people_come(db: Database) -> None:
    ana = await person(db, "ana")
    fans = [await person(db, f"fan{number}") for number in range(5)]
    for fan in fans:
        await db.write(partial(follows.follow_user, viewer=fan, user_id=ana.user_id))

    async with db.reading() as read:
        (first,) = await follows.pages_of_followers(read, Viewer(), [(UserId(ana.user_id), Window(2))])
    late = await person(db, "late")
    await db.write(lambda tx: follows.follow_user(tx, late, ana.user_id))
    async with db.reading() as read:
        following_page = Window(10, first.cursors[-1])
        (rest,) = await follows.pages_of_followers(read, Viewer(), [(UserId(ana.user_id), following_page)])

    listed = [row.person_id for row in (*first.ids, *rest.ids)]
    assert sorted(listed) == sorted(fan.user_id for fan in fans)


async def test_following_lists_whom_a_person_follows(db: Database) -> None:
    ana = await person(db, "ana")
    friends = [await person(db, f"friend{number}") for number in range(3)]
    for friend in friends:
        await db.write(partial(follows.follow_user, viewer=ana, user_id=friend.user_id))

    async with db.reading() as read:
        (first,) = await follows.pages_of_following(read, [(UserId(ana.user_id), Window(2))])
        (rest,) = await follows.pages_of_following(read, [(UserId(ana.user_id), Window(2, first.cursors[-1]))])

    assert first.has_next
    assert {row.person_id for row in (*first.ids, *rest.ids)} == {friend.id for friend in friends}
