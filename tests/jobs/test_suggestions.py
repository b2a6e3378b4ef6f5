"""Suggestions are made of what people do, by jobs that may run twice, for those who ask."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from math import log
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from core import clock
from core.db import Database
from core.events import UserFollowed
from core.ids import new_uuid
from core.statements import counted
from core.viewer import Viewer
from jobs import suggestions
from jobs.base import JobContext
from jobs.routes import ROUTES
from models.counters import Counter
from models.posts import Place
from models.privacy import PrivacySetting
from models.suggestions import PopularPerson, Suggestion, SuggestionTurn
from services.suggestions import dismissing, leads, making, turns
from tests.factories.people import block, follow, people, person, stance
from tests.factories.posts import comment, like, post
from tests.factories.sessions import set_status
from tests.jobs import parts
from tests.tables import facts


@pytest.fixture
async def ana(ctx: JobContext) -> Viewer:
    """Ana, who has asked whom she may follow."""
    ana = await person(ctx.db, "ana")
    await ctx.db.write(partial(turns.note, user_id=ana.user_id))
    return ana


async def made(ctx: JobContext, viewer: Viewer) -> list[Any]:
    """The suggestions of a person after they were made, the best first."""
    await ctx.db.write(partial(making.make, user_id=viewer.user_id))
    return await kept(ctx.db, viewer)


async def kept(db: Database, viewer: Viewer) -> list[Any]:
    mine = select(Suggestion).where(Suggestion.user_id == viewer.user_id)
    async with db.reading(fresh=True) as read:
        return list(await read.all(mine.order_by(Suggestion.score.desc())))


def ids(found: Sequence[Any]) -> list[Any]:
    return [row.person_id for row in found]


async def like_some(db: Database, liker: Viewer, author: Viewer, times: int, days_ago: int = 0) -> None:
    for _ in range(times):
        await like(db, liker, await post(db, author), created_at=clock.now() - timedelta(days=days_ago))


async def follows_many(db: Database, who: Viewer, number: int) -> None:
    row = {"author_id": who.user_id, "subject_id": who.user_id, "name": "following", "value": number}
    await db.write(lambda tx: tx.execute(insert(Counter).values(row)))


async def due_at(db: Database, viewer: Viewer) -> Any:
    async with db.reading(fresh=True) as read:
        return await read.scalar(select(SuggestionTurn.due_at).where(SuggestionTurn.user_id == viewer.user_id))


async def place(db: Database, latitude: float, longitude: float) -> UUID:
    place_id = new_uuid()
    spot = {"id": place_id, "name": "Spot", "latitude": latitude, "longitude": longitude, "created_at": clock.now()}
    await db.write(lambda tx: tx.execute(insert(Place).values(spot)))
    return place_id


def id_of_old() -> UUID:
    """An id of something made before what happened lately."""
    made_at = clock.now() - leads.LATELY - timedelta(hours=1)
    return UUID(int=(int(made_at.timestamp() * 1000) << 80) + 1)


async def test_friends_of_friends_count_more_the_fewer_their_friends_follow(ctx: JobContext, ana: Viewer) -> None:
    ben, cleo, dan, eva, fay = await people(ctx.db, "ben", "cleo", "dan", "eva", "fay")
    for friend in (ben, cleo):
        await follow(ctx.db, ana, friend)
        await follow(ctx.db, friend, dan)
    await follow(ctx.db, ben, eva)
    await follow(ctx.db, cleo, fay)
    await follow(ctx.db, cleo, ana)
    await follows_many(ctx.db, ben, 10)
    await follows_many(ctx.db, cleo, 1000)

    found = await made(ctx, ana)

    assert ids(found) == [dan.user_id, eva.user_id, fay.user_id]
    assert found[0].known == [ben.user_id, cleo.user_id]
    both = 1 / log(10) + 1 / log(1000)
    assert [row.score for row in found] == pytest.approx([1, 1 / log(10) / both, 1 / log(1000) / both])
    assert [row.kinds for row in found] == [["FOLLOWED_BY_FOLLOWED"]] * 3


async def test_who_follows_everybody_or_only_asks_to_recommends_nobody(ctx: JobContext, ana: Viewer) -> None:
    ben, cleo, dan, eva = await people(ctx.db, "ben", "cleo", "dan", "eva")
    await follow(ctx.db, ana, ben)
    await follows_many(ctx.db, ben, leads.MOST_FOLLOWS + 1)
    await follow(ctx.db, ben, dan)
    await follow(ctx.db, ana, cleo, "PENDING")
    await follow(ctx.db, cleo, dan)
    await follow(ctx.db, ana, eva)
    await follow(ctx.db, eva, dan, "PENDING")

    assert await made(ctx, ana) == []


async def test_people_one_often_deals_with_are_suggested(ctx: JobContext, ana: Viewer) -> None:
    ben, cleo, dan, eva = await people(ctx.db, "ben", "cleo", "dan", "eva")
    await like_some(ctx.db, ana, ben, 3)
    await like_some(ctx.db, ana, cleo, 2)
    await comment(ctx.db, ana, await post(ctx.db, cleo))
    await like_some(ctx.db, ana, dan, 2)
    await like_some(ctx.db, ana, eva, 5, days_ago=91)
    await like_some(ctx.db, ana, ana, 3)

    found = await made(ctx, ana)

    assert [(row.person_id, row.kinds) for row in found] == [
        (cleo.user_id, ["CLOSE_TIE"]),
        (ben.user_id, ["CLOSE_TIE"]),
    ]
    assert found[0].score == making.WEIGHTS["CLOSE_TIE"]


async def test_those_who_gained_followers_are_popular(ctx: JobContext, ana: Viewer) -> None:
    ben, cleo, fan, other = await people(ctx.db, "ben", "cleo", "fan", "other")
    for fan_ in (fan, other):
        await follow(ctx.db, fan_, ben)
    await follow(ctx.db, fan, cleo)

    for _ in range(2):
        await suggestions.count_popular.work(ctx)
    found = await made(ctx, ana)

    assert [(row.person_id, row.kinds) for row in found] == [(ben.user_id, ["POPULAR"]), (cleo.user_id, ["POPULAR"])]
    assert found[0].score == making.WEIGHTS["POPULAR"]


async def test_popular_people_who_post_near_where_one_does_stand_before_those_far_away(
    ctx: JobContext, ana: Viewer
) -> None:
    ben, cleo, dora, eva = await people(ctx.db, "ben", "cleo", "dora", "eva")
    for number, fan in enumerate(await people(ctx.db, "fay", "gil")):
        for popular in (ben, cleo, dora, eva)[: 4 - number]:
            await follow(ctx.db, fan, popular)
    lisbon, sintra, porto = [
        await place(ctx.db, *spot) for spot in ((38.7223, -9.1393), (38.8029, -9.3817), (41.1579, -8.6291))
    ]
    await post(ctx.db, ana, place_id=lisbon)
    await post(ctx.db, cleo, place_id=sintra)
    await post(ctx.db, ben, place_id=porto)
    await post(ctx.db, dora, place_id=lisbon, audience="FOLLOWERS")
    await post(ctx.db, eva, id=id_of_old(), place_id=lisbon)
    await ctx.db.write(making.count_popular)

    found = {row.person_id: row.kinds for row in await made(ctx, ana)}

    assert next(iter(found)) == cleo.user_id
    assert found == {
        cleo.user_id: ["NEARBY", "POPULAR"],
        **{other.user_id: ["POPULAR"] for other in (ben, dora, eva)},
    }


async def test_one_who_is_popular_no_longer_goes(ctx: JobContext) -> None:
    ben, fan = await people(ctx.db, "ben", "fan")
    await follow(ctx.db, fan, ben)
    await suggestions.count_popular.work(ctx)

    with clock.frozen(clock.now() + timedelta(days=91)):
        await suggestions.count_popular.work(ctx)

    async with ctx.db.reading(fresh=True) as read:
        assert await read.scalar(select(func.count()).select_from(PopularPerson)) == 0


async def test_reasons_add_up_and_the_strongest_stands_first(ctx: JobContext, ana: Viewer) -> None:
    ben, dan = await people(ctx.db, "ben", "dan")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)
    await like_some(ctx.db, ana, dan, 3)
    await suggestions.count_popular.work(ctx)

    (found,) = await made(ctx, ana)

    assert found.kinds == ["FOLLOWED_BY_FOLLOWED", "CLOSE_TIE", "POPULAR"]
    assert found.score == pytest.approx(sum(making.WEIGHTS[kind] for kind in found.kinds))


async def test_nobody_is_suggested_who_must_not_or_need_not_be(ctx: JobContext, ana: Viewer) -> None:
    ben, followed, asked, dismissed, shy, gone, asleep, fine = await people(
        ctx.db, "ben", "followed", "asked", "dismissed", "shy", "gone", "asleep", "fine"
    )
    blocked, blocking, muted = await people(ctx.db, "blocked", "blocking", "muted")
    await block(ctx.db, ana, blocked)
    await block(ctx.db, blocking, ana)
    await stance(ctx.db, ana, muted, muted_at=clock.now(), mutes=["POSTS"])
    await follow(ctx.db, ana, ben)
    for each in (ana, followed, asked, dismissed, shy, gone, asleep, blocked, blocking, muted, fine):
        await follow(ctx.db, ben, each)
        await like_some(ctx.db, ana, each, 3)
    await follow(ctx.db, ana, followed)
    await follow(ctx.db, ana, asked, "PENDING")
    await ctx.db.write(partial(dismissing.dismiss, viewer=ana, user_id=dismissed.user_id))
    choice = {"user_id": shy.user_id, "hides_like_counts": False, "comment_audience": "EVERYONE"}
    await ctx.db.write(lambda tx: tx.execute(insert(PrivacySetting).values(choice | {"is_discoverable": False})))
    await set_status(ctx.db, gone.user_id, "DELETED")
    await set_status(ctx.db, asleep.user_id, "DEACTIVATED")
    await suggestions.count_popular.work(ctx)

    found = await made(ctx, ana)

    assert ids(found) == [fine.user_id]


async def test_a_dismissal_is_over_after_ninety_days(ctx: JobContext, ana: Viewer) -> None:
    ben, dan = await people(ctx.db, "ben", "dan")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)
    await ctx.db.write(partial(dismissing.dismiss, viewer=ana, user_id=dan.user_id))

    before = await made(ctx, ana)
    with clock.frozen(clock.now() + dismissing.DISMISSED_FOR):
        after = await made(ctx, ana)

    assert (before, ids(after)) == ([], [dan.user_id])


async def test_making_again_replaces_and_changes_nothing(ctx: JobContext, ana: Viewer) -> None:
    ben, dan, eva = await people(ctx.db, "ben", "dan", "eva")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)
    await like_some(ctx.db, ana, eva, 3)

    first = await made(ctx, ana)
    again = await made(ctx, ana)
    await follow(ctx.db, ana, dan)
    other = await made(ctx, ana)

    assert again == first
    assert ids(other) == [eva.user_id]


async def test_makings_at_the_same_time_are_one(ctx: JobContext, ana: Viewer) -> None:
    ben, dan, eva = await people(ctx.db, "ben", "dan", "eva")
    await follow(ctx.db, ana, ben)
    for each in (dan, eva):
        await follow(ctx.db, ben, each)

    await asyncio.gather(*(ctx.db.write(making.count_popular) for _ in range(3)))
    await asyncio.gather(*(ctx.db.write(partial(making.make, user_id=ana.user_id)) for _ in range(3)))

    assert set(ids(await kept(ctx.db, ana))) == {dan.user_id, eva.user_id}


async def test_making_costs_the_same_however_many_there_are(ctx: JobContext, ana: Viewer) -> None:
    ben = await person(ctx.db, "ben")
    await follow(ctx.db, ana, ben)
    costs = []
    for number in range(8):
        await follow(ctx.db, ben, await person(ctx.db, f"dan{number}"))
        with counted() as statements:
            await made(ctx, ana)
        costs.append(len(statements))

    assert set(costs) == {12}


async def test_no_more_than_a_hundred_are_kept(ctx: JobContext, ana: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "KEPT", 2)
    ben = await person(ctx.db, "ben")
    await follow(ctx.db, ana, ben)
    for number in range(4):
        await follow(ctx.db, ben, await person(ctx.db, f"dan{number}"))

    assert len(await made(ctx, ana)) == 2


async def test_nothing_is_made_for_who_never_asked(ctx: JobContext) -> None:
    ana, ben, dan = await people(ctx.db, "ana", "ben", "dan")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)

    assert await made(ctx, ana) == []


async def test_who_asks_first_is_due_at_once_and_then_each_day(ctx: JobContext, ana: Viewer) -> None:
    await suggestions.hand_out.work(ctx)
    await suggestions.hand_out.work(ctx)
    at_once = await facts(ctx.db, "SuggestionsDue")
    with parts.later(turns.AGAIN.total_seconds() + 1):
        await suggestions.hand_out.work(ctx)

    assert (at_once, await facts(ctx.db, "SuggestionsDue")) == (1, 2)


async def test_what_is_handed_out_is_made(ctx: JobContext, ana: Viewer) -> None:
    ben, dan = await people(ctx.db, "ben", "dan")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)

    await suggestions.hand_out.work(ctx)
    task_ids = await parts.relayed(ctx.db, ROUTES)
    for _ in range(2):
        await parts.handled(ctx, ROUTES, task_ids)

    assert ids(await kept(ctx.db, ana)) == [dan.user_id]
    assert await parts.open_tasks(ctx.db) == 0


async def test_handing_out_is_done_in_pieces(ctx: JobContext) -> None:
    for each in await people(ctx.db, "ben", "cleo", "dan"):
        await ctx.db.write(partial(turns.note, user_id=each.user_id))

    pieces = [await ctx.db.write(lambda tx: turns.hand_out(tx, 2)) for _ in range(3)]

    assert pieces == [2, 1, 0]


async def test_a_follow_brings_the_turn_forward(ctx: JobContext, ana: Viewer) -> None:
    ben = await person(ctx.db, "ben")
    await suggestions.hand_out.work(ctx)
    usual = await due_at(ctx.db, ana)

    await parts.emit(ctx.db, UserFollowed(follower_id=ana.user_id, followee_id=ben.user_id))
    await parts.handled(ctx, ROUTES, await parts.relayed(ctx.db, ROUTES))
    soon = await due_at(ctx.db, ana)
    await ctx.db.write(partial(turns.hasten, user_id=ana.user_id))
    await ctx.db.write(partial(turns.hasten, user_id=ben.user_id))

    assert soon <= clock.now() + turns.SETTLING < usual
    assert await due_at(ctx.db, ana) == soon
    assert await due_at(ctx.db, ben) is None


async def test_who_has_not_asked_for_two_weeks_is_let_go_until_asking_again(ctx: JobContext, ana: Viewer) -> None:
    ben, dan = await people(ctx.db, "ben", "dan")
    await follow(ctx.db, ana, ben)
    await follow(ctx.db, ben, dan)
    assert await made(ctx, ana)

    with parts.later(turns.ASLEEP.total_seconds() + 1):
        await suggestions.hand_out.work(ctx)
        asleep, left = await due_at(ctx.db, ana), await kept(ctx.db, ana)
        await ctx.db.write(partial(turns.note, user_id=ana.user_id))
        awake = await due_at(ctx.db, ana)

    assert (asleep, left) == (None, [])
    assert awake is not None
    assert await facts(ctx.db, "SuggestionsDue") == 0
