"""Blocks while other things happen between the two at the same moment."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from core.backends import Backends
from core.db import Database, Write
from core.errors import NotAllowed, NotFound
from core.ids import UserId
from core.viewer import Viewer
from models.follows import Follow
from models.stances import Stance
from services import blocks, close_friends, consistency, follow_requests, follows
from tests.factories.people import follow, person
from tests.services.test_follow_requests import one_after_the_other

Pair = tuple[Viewer, Viewer]
Verb = Callable[[Write, Viewer, Viewer], Awaitable[None]]


async def follow_other(tx: Write, one: Viewer, other: Viewer) -> None:
    await follows.follow_user(tx, one, other.user_id)


async def be_followed(tx: Write, one: Viewer, other: Viewer) -> None:
    await follows.follow_user(tx, other, one.user_id)


async def befriend(tx: Write, one: Viewer, other: Viewer) -> None:
    await close_friends.update(tx, one, [UserId(other.user_id)], [])


async def be_befriended(tx: Write, one: Viewer, other: Viewer) -> None:
    await close_friends.update(tx, other, [UserId(one.user_id)], [])


async def let_in(tx: Write, one: Viewer, other: Viewer) -> None:
    await follow_requests.approve(tx, one, other.user_id)


async def nothing_is_left(backends: Backends) -> bool:
    """No follow, no request, no close friend; and all that is counted or mirrored agrees with that."""
    async with backends.db.reading(fresh=True) as read:
        follows_left = await read.all(select(Follow.state))
        friends = await read.all(select(Stance.person_id).where(Stance.close_friend_since.is_not(None)))
        blocked = await read.all(select(Stance.person_id).where(Stance.blocked_at.is_not(None)))
    complaints = [each async for each in consistency.differences(backends)]
    return (follows_left, friends, len(blocked), complaints) == ([], [], 1, [])


@pytest.fixture
async def pair(db: Database) -> Pair:
    return await person(db, "ana"), await person(db, "ben")


@pytest.mark.parametrize("verb", [follow_other, be_followed, befriend, be_befriended])
async def test_what_begins_while_a_block_begins_does_not_survive_it(backends: Backends, pair: Pair, verb: Verb) -> None:
    ana, ben = pair

    async def block(tx: Write) -> None:
        await blocks.block_user(tx, ana, ben.user_id)

    async def other(tx: Write) -> None:
        await verb(tx, ana, ben)

    for first, second in ((block, other), (other, block)):
        outcomes = await one_after_the_other(backends.db, first, second)

        assert outcomes[0] is None
        assert first is other or isinstance(outcomes[1], NotFound | NotAllowed)
        assert await nothing_is_left(backends)
        await backends.db.write(lambda tx: blocks.unblock_user(tx, ana, ben.user_id))


@pytest.mark.parametrize("is_blocked_first", [True, False])
async def test_a_request_is_not_let_in_past_a_block(backends: Backends, pair: Pair, *, is_blocked_first: bool) -> None:
    ana, ben = pair
    await follow(backends.db, ben, ana, "PENDING")
    acts = [lambda tx: blocks.block_user(tx, ana, ben.user_id), lambda tx: let_in(tx, ana, ben)]

    await one_after_the_other(backends.db, *(acts if is_blocked_first else reversed(acts)))

    assert await nothing_is_left(backends)


async def test_both_block_each_other_at_once(backends: Backends, pair: Pair) -> None:
    ana, ben = pair

    outcomes = await one_after_the_other(
        backends.db,
        lambda tx: blocks.block_user(tx, ana, ben.user_id),
        lambda tx: blocks.block_user(tx, ben, ana.user_id),
    )

    assert outcomes == [None, None]
    async with backends.db.reading(fresh=True) as read:
        assert len(await read.all(select(Stance.blocked_at).where(Stance.blocked_at.is_not(None)))) == 2
