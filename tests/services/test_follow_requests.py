"""Requests to follow while other things happen at the same moment."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from core.db import Database, Write
from core.errors import NotFound
from core.viewer import Viewer
from models.follows import Follow, Follower
from services import counters, follow_requests, follows, privacy
from tests.factories.people import follow, people, person
from tests.services.locks import until_somebody_waits

Act = Callable[[Write], Awaitable[None]]


async def edges(db: Database) -> set[tuple[UUID, UUID, str]]:
    """All follows and requests, which both tables must agree on."""
    async with db.reading(fresh=True) as read:
        there = await read.all(select(Follow.follower_id, Follow.followee_id, Follow.state, Follow.created_at))
        back = await read.all(select(Follower.follower_id, Follower.followee_id, Follower.state, Follower.created_at))
    assert sorted(map(str, there)) == sorted(map(str, back))
    return {(row.follower_id, row.followee_id, row.state) for row in there}


async def counts(db: Database, people: list[Viewer]) -> dict[UUID, tuple[int, int]]:
    async with db.reading(fresh=True) as read:
        found = await counters.read(read, [(each.user_id, each.user_id) for each in people])
    return {who: (numbers.get("followers", 0), numbers.get("following", 0)) for (who, _), numbers in found.items()}


async def one_after_the_other(db: Database, first: Act, second: Act) -> list[BaseException | None]:
    """Both acts in transactions that overlap: the second one begins before the first one commits."""
    begun, finish = asyncio.Event(), asyncio.Event()

    async def held(tx: Write) -> None:
        await first(tx)
        begun.set()
        await finish.wait()

    async def late() -> None:
        await begun.wait()
        await db.write(second)

    tasks = [asyncio.create_task(db.write(held)), asyncio.create_task(late())]
    await begun.wait()
    await until_somebody_waits(db)
    finish.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [each if isinstance(each, BaseException) else None for each in outcomes]


async def asked(db: Database) -> tuple[Viewer, Viewer]:
    """Ana asks Eva."""
    ana, eva = await person(db, "ana"), await person(db, "eva", is_private=True)
    await db.write(lambda tx: follows.follow_user(tx, ana, eva.user_id))
    return ana, eva


async def test_a_request_taken_back_first_is_not_approved(db: Database) -> None:
    ana, eva = await asked(db)

    outcomes = await one_after_the_other(
        db,
        lambda tx: follows.unfollow_user(tx, ana, eva.user_id),
        lambda tx: follow_requests.approve(tx, eva, ana.user_id),
    )

    assert [type(each) for each in outcomes] == [type(None), NotFound]
    assert await edges(db) == set()
    assert await counts(db, [ana, eva]) == {ana.user_id: (0, 0), eva.user_id: (0, 0)}


async def test_a_request_approved_first_ends_as_a_follow(db: Database) -> None:
    ana, eva = await asked(db)

    outcomes = await one_after_the_other(
        db,
        lambda tx: follow_requests.approve(tx, eva, ana.user_id),
        lambda tx: follows.unfollow_user(tx, ana, eva.user_id),
    )

    assert outcomes == [None, None]
    assert await edges(db) == set()
    assert await counts(db, [ana, eva]) == {ana.user_id: (0, 0), eva.user_id: (0, 0)}


async def test_approved_on_two_devices_it_counts_once(db: Database) -> None:
    ana, eva = await asked(db)

    def approve(tx: Write) -> Awaitable[None]:
        return follow_requests.approve(tx, eva, ana.user_id)

    assert await one_after_the_other(db, approve, approve) == [None, None]
    assert await edges(db) == {(ana.id, eva.id, "ACTIVE")}
    assert await counts(db, [ana, eva]) == {ana.user_id: (0, 1), eva.user_id: (1, 0)}


@pytest.mark.parametrize("is_private", [True, False])
async def test_who_follows_while_the_account_is_switched_comes_before_or_after(
    db: Database, *, is_private: bool
) -> None:
    ana, eva = await person(db, "ana"), await person(db, "eva", is_private=not is_private)

    await one_after_the_other(
        db,
        lambda tx: privacy.update_settings(tx, eva, {"is_private": is_private}),
        lambda tx: follows.follow_user(tx, ana, eva.user_id),
    )

    assert await edges(db) == {(ana.id, eva.id, "PENDING" if is_private else "ACTIVE")}


async def test_a_request_made_while_the_account_opens_is_let_in(db: Database) -> None:
    ana, eva = await person(db, "ana"), await person(db, "eva", is_private=True)

    await one_after_the_other(
        db,
        lambda tx: follows.follow_user(tx, ana, eva.user_id),
        lambda tx: privacy.update_settings(tx, eva, {"is_private": False}),
    )
    await db.write(lambda tx: follows.let_in(tx, eva.user_id, 10))

    assert await edges(db) == {(ana.id, eva.id, "ACTIVE")}
    assert await counts(db, [ana, eva]) == {ana.user_id: (0, 1), eva.user_id: (1, 0)}


async def test_any_number_of_people_follow_one_at_once(db: Database) -> None:
    ana, ben, eva = await people(db, "ana", "ben", "eva")

    async with db.transaction() as tx:
        await follows.follow_user(tx, ana, eva.user_id)
        await asyncio.wait_for(db.write(lambda tx: follows.follow_user(tx, ben, eva.user_id)), timeout=1)

    assert await counts(db, [eva]) == {eva.user_id: (2, 0)}


@pytest.mark.parametrize("seed", range(3))
async def test_counts_are_those_of_the_tables_whatever_many_do_at_once(db: Database, seed: int) -> None:
    chance = random.Random(seed)
    people = [await person(db, f"p{number}", is_private=number % 2 == 0) for number in range(6)]

    def act() -> Act:
        who, other = chance.sample(people, 2)
        limit = chance.randint(1, 3)
        acts: list[Act] = [
            partial(follows.follow_user, viewer=who, user_id=other.user_id),
            partial(follows.follow_user, viewer=who, user_id=other.user_id),
            partial(follows.unfollow_user, viewer=who, user_id=other.user_id),
            partial(follows.remove_follower, viewer=who, user_id=other.user_id),
            partial(follow_requests.approve, viewer=who, requester_id=other.user_id),
            partial(follow_requests.deny, viewer=who, requester_id=other.user_id),
            partial(privacy.update_settings, viewer=who, changes={"is_private": chance.random() < 0.5}),
            partial(_let_in, user_id=who.user_id, limit=limit),
            _fold,
        ]
        return chance.choice(acts)

    async def client() -> None:
        for _ in range(40):
            try:
                await db.write(act())
            except NotFound:
                continue

    await asyncio.gather(*(client() for _ in range(6)))

    found = [(follower, followee) for follower, followee, state in await edges(db) if state == "ACTIVE"]
    assert await counts(db, people) == {
        each.user_id: (sum(there == each.id for _, there in found), sum(here == each.id for here, _ in found))
        for each in people
    }


async def _let_in(tx: Write, user_id: UUID, limit: int) -> None:
    await follows.let_in(tx, user_id, limit)


async def _fold(tx: Write) -> None:
    await counters.fold(tx, 5)


async def test_the_count_leaves_out_accounts_that_are_gone(db: Database) -> None:
    eva = await person(db, "eva", is_private=True)
    for number, status in enumerate(["ACTIVE", "SUSPENDED", "DELETED"]):
        other = await person(db, f"p{number}", status=status)
        await follow(db, other, eva, "PENDING")
        await follow(db, eva, other, "PENDING")

    async with db.reading() as read:
        assert await follow_requests.count(read, eva, "received") == 1
        assert await follow_requests.count(read, eva, "sent") == 2
