"""Reasons of suggestions tell nobody whom somebody follows, but those who may read it in that person's list."""

from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, update

from core.db import Database
from core.ids import UserId
from core.viewer import Viewer
from models.follows import Follow, Follower
from models.profiles import User
from services.suggestions import making, turns
from tests.api.conftest import SignIn
from tests.factories.people import block, follow, person
from tests.privacy.reference import World

SUGGESTED = "{ viewer { suggestedUsers(first: 30) { edges { node { id } reasons { kind text users { id } } } } } }"
PEOPLE = 9


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_reason_names_only_followed_people_whose_follows_are_open(
    db: Database, sign_in: SignIn, seed: int
) -> None:
    random = Random(seed)
    people = [await person(db, f"p{number}", is_private=random.random() < 0.4) for number in range(PEOPLE)]
    edges = [pair for pair in permutations(people, 2) if random.random() < 0.4]
    for one, other in edges:
        await follow(db, one, other)
    await make(db, people)
    await change(db, random, people, edges)

    world = await World.read(db)
    active = [each for each in people if world.users[each.user_id].status == "ACTIVE"]
    told = {each.user_id: await suggested(sign_in, each) for each in active}

    assert any(reason["users"] for found in told.values() for edge in found for reason in edge["reasons"])
    assert [
        sentence for viewer, found in told.items() for edge in found for sentence in wrong(world, viewer, edge)
    ] == []


async def make(db: Database, people: list[Viewer]) -> None:
    await db.write(making.count_popular)
    for each in people:
        await db.write(partial(turns.note, user_id=each.user_id))
        await db.write(partial(making.make, user_id=each.user_id))


async def change(db: Database, random: Random, people: list[Viewer], edges: list[tuple[Viewer, Viewer]]) -> None:
    """What happens after suggestions were made, without what follows from it."""
    for one, other in random.sample(edges, 8):
        await db.write(partial(part, one=one, other=other))
    for one, other in random.sample(list(permutations(people, 2)), 6):
        await block(db, one, other)
    closed, asleep, gone = random.sample(people, 3)
    for who, facts in (
        (closed, {"is_private": True}),
        (asleep, {"status": "SUSPENDED"}),
        (gone, {"status": "DELETED"}),
    ):
        own = update(User).where(User.id == who.user_id)
        await db.write(partial(run, statement=own.values(facts)))


async def part(tx: Any, one: Viewer, other: Viewer) -> None:
    for table in (Follow, Follower):
        await tx.execute(delete(table).where(table.follower_id == one.user_id, table.followee_id == other.user_id))


async def run(tx: Any, statement: Any) -> None:
    await tx.execute(statement)


async def suggested(sign_in: SignIn, viewer: Viewer) -> list[Any]:
    answer = await (await sign_in(viewer)).ask(SUGGESTED)
    return list(answer["viewer"]["suggestedUsers"]["edges"])


def wrong(world: World, viewer: Any, edge: Any) -> list[str]:
    """What the reference does not allow to be said."""
    who = UserId.parse(edge["node"]["id"]).id
    found = []
    if not world.is_listed(viewer, who) or (viewer, who) in world.follows or viewer == who:
        found.append(f"{viewer} is suggested {who}")
    for reason in edge["reasons"]:
        between = [UserId.parse(user["id"]).id for user in reason["users"]]
        for each in between:
            follows = world.follows_(viewer, each) and world.follows_(each, who)
            if not (follows and world.shows_all(viewer, each) and world.is_listed(viewer, each)):
                found.append(f"{viewer} is told that {each} follows {who}")
        named = {row.handle for row in world.users.values() if row.handle in reason["text"].replace(",", " ").split()}
        if not named <= {world.users[each].handle for each in between}:
            found.append(f"{viewer} reads {reason['text']!r}")
    return found
