"""Followers of a person whom the viewer follows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Uuid, bindparam, text

from core.db import Read
from core.ids import UserId
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer

_START: Final = (-1, datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))


async def pages(db: Read, viewer: Viewer, asked: Sequence[tuple[UserId, Window]]) -> list[Page[UserId]]:
    """Followers of each person whom the viewer follows, the closest first, in one statement; none when signed out.

    Closest are the viewer's close friends, then those who follow the viewer back, then all others; among equals, whom
    the viewer followed last comes first.
    """
    if not viewer.is_signed_in or not asked:
        return [Page() for _ in asked]
    starts = [_start(viewer, person, window.after) for person, window in asked]
    ranks, moments, marks = zip(*starts, strict=True)
    people, places = [person.id for person, _ in asked], list(range(len(asked)))
    parameters: dict[str, Any] = {"viewer": viewer.user_id, "places": places, "people": people}
    parameters |= {"ranks": list(ranks), "moments": list(moments), "marks": list(marks)}
    parameters["limit"] = max(window.first for _, window in asked) + 1
    found: list[list[Any]] = [[] for _ in asked]
    for row in await db.all(_PAGES, parameters):
        found[row.place].append(row)
    return [_page(viewer, *each, rows) for each, rows in zip(asked, found, strict=True)]


async def counts(db: Read, viewer: Viewer, people: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many there are for each person, in one statement; who is missing has none."""
    if not viewer.is_signed_in or not people:
        return {}
    rows = await db.all(_COUNTS, {"viewer": viewer.user_id, "people": list(people)})
    return {row.person_id: row.number for row in rows}


def _page(viewer: Viewer, person: UserId, window: Window, rows: Sequence[Any]) -> Page[UserId]:
    def cursor(row: Any) -> str:
        return encode_cursor(_scope(viewer, person), row.rank, row.created_at, row.id)

    return page_of(rows, window, cursor).each(lambda row: UserId(row.id))


def _start(viewer: Viewer, person: UserId, after: str | None) -> tuple[int, datetime, UUID]:
    if after is None:
        return _START
    rank, moment, mark = decode_cursor(_scope(viewer, person), after)
    return rank, cursor_time(moment), cursor_id(mark)


def _scope(viewer: Viewer, person: UserId) -> str:
    """The list goes by both."""
    return f"followers_you_know:{viewer.user_id}:{person.id}"


# At most a few thousand people are followed, and any number may follow: each of the former is looked up among the
# latter. A cluster does so on the shards of the people asked for. Nothing here joins what can be long to what can be
# long: a plan made before the numbers are known would compare every row with every row.
_SHARED: Final = """
    known as materialized (
        select followee_id as id, created_at from follows where follower_id = :viewer and state = 'ACTIVE'
    ),
    shared as materialized (
        select followers.followee_id as person_id, known.id, known.created_at
        from known join followers on followers.followee_id = any(:people) and followers.follower_id = known.id
        where followers.state = 'ACTIVE'
    )
"""

_PAGES: Final = text(
    f"""
    with {_SHARED},
    friends as materialized (
        select person_id as id from stances where owner_id = :viewer and close_friend_since is not null
    ),
    back as materialized (
        select follower_id as id from follows
        where follower_id in (select id from shared) and followee_id = :viewer and state = 'ACTIVE'
    ),
    ranked as (
        select person_id, id, created_at, case
            when id in (select id from friends) then 0 when id in (select id from back) then 1 else 2
        end as rank from shared
    ),
    numbered as (
        select asked.place, ranked.id, ranked.created_at, ranked.rank, row_number() over (
            partition by asked.place order by ranked.rank, ranked.created_at desc, ranked.id desc
        ) as number
        from unnest(:places, :people, :ranks, :moments, :marks) as asked (place, person_id, rank, moment, mark)
        join ranked on ranked.person_id = asked.person_id
        where ranked.rank > asked.rank
            or (ranked.rank = asked.rank and (ranked.created_at, ranked.id) < (asked.moment, asked.mark))
    )
    select place, id, created_at, rank from numbered where number <= :limit order by place, number
    """  # noqa: S608 - constants
).bindparams(
    bindparam("viewer", type_=Uuid),
    bindparam("people", type_=ARRAY(Uuid)),
    bindparam("places", type_=ARRAY(Integer)),
    bindparam("ranks", type_=ARRAY(Integer)),
    bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
    bindparam("marks", type_=ARRAY(Uuid)),
)

_COUNTS: Final = text(
    f"""
    with {_SHARED} select person_id, count(*) as number from shared group by person_id
    """  # noqa: S608 - constants
).bindparams(bindparam("viewer", type_=Uuid), bindparam("people", type_=ARRAY(Uuid)))
