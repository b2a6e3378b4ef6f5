"""Pages of many lists of one kind in one statement, so that a list below a list costs as much as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, DateTime, TextClause, Uuid, bindparam, text

from core.db import Read
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer

Key = tuple[UUID, ...]
Asked = Sequence[tuple[Key, Window]]
Facts = Sequence[Sequence[Any]]

_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
_FOLLOWED = "(select followee_id from follows where follower_id = :viewer and state = 'ACTIVE')"
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of list: `name` stands in its cursors, `source` selects the rows of one list.

    `keys` say whose list it is, `facts` are booleans beside them, `readers` are ids of people; the source names all
    three in braces. Rows that are not `is_timed` have no `created_at`: their ids alone sort as they were made, and so
    an index of ids is enough.
    """

    name: str
    keys: tuple[str, ...]
    source: str
    facts: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    is_timed: bool = True

    def scope(self, key: Key) -> str:
        """The name of one list in its cursors."""
        return ":".join([self.name, *map(str, key)])

    def cursor(self, key: Key, *position: Any) -> str:
        """A cursor of one list."""
        return encode_cursor(self.scope(key), *position)


async def by_id(
    db: Read, listing: Listing, asked: Asked, facts: Facts = (), *, is_ascending: bool = False
) -> list[Page[UUID]]:
    """Ids of lists whose source selects `id`, the newest first or the oldest: ids sort as they were made.

    `facts` are the values of each of the listing's facts, and then of its readers, one for each list.
    """
    found = await rows_by_id(db, listing, asked, facts, is_ascending=is_ascending)
    return [page.each(lambda row: row.id) for page in found]


async def rows_by_id(
    db: Read, listing: Listing, asked: Asked, facts: Facts = (), *, is_ascending: bool = False
) -> list[Page[Any]]:
    """As `by_id`, with all that the source selects."""
    parameters = _parameters(listing, asked, facts)
    for place, (key, window) in enumerate(asked):
        begin = _FIRST_ID if is_ascending else _LAST_ID
        after = window.after
        mark = begin if after is None else cursor_id(*decode_cursor(listing.scope(key), after))
        parameters[f"mark_{place}"] = mark
    found: list[list[Any]] = [[] for _ in asked]
    if asked:
        for row in await db.all(_by_id(listing, len(asked), is_ascending), parameters):
            found[row.place].append(row)
    return [_page(listing, *each, rows) for each, rows in zip(asked, found, strict=True)]


async def known_first(db: Read, viewer: Viewer, listing: Listing, asked: Asked, facts: Facts = ()) -> list[Page[Any]]:
    """Rows of lists whose source selects `person_id`, a `tie` that no two rows share, and `created_at` if it is timed.

    What comes of people the viewer follows stands first, each part the newest first; signed out there is one part.
    The cursor names the part, so that following somebody between two pages neither repeats a row of the first part
    nor skips one of the second.
    """
    starts = [_position(viewer, listing.scope(key), window.after) for key, window in asked]
    found: list[list[tuple[int, Any]]] = [[] for _ in asked]
    for part in range(_PARTS):
        short = [n for n, (begin, *_) in enumerate(starts) if begin <= part and len(found[n]) <= asked[n][1].first]
        if short:
            of_short = [[values[n] for n in short] for values in facts]
            parameters = _parameters(listing, [asked[n] for n in short], of_short)
            for place, n in enumerate(short):
                mark = starts[n][1:] if starts[n][0] == part else (_END_OF_TIME, _LAST_ID)
                parameters |= dict(zip((f"moment_{place}", f"mark_{place}"), mark, strict=True))
            if viewer.is_signed_in:
                parameters["viewer"] = viewer.user_id
            statement = _known_first(listing, len(short), part if viewer.is_signed_in else None)
            for row in await db.all(statement, parameters):
                found[short[row.place]].append((part, row))
    return [_page_of_parts(listing, *each, rows) for each, rows in zip(asked, found, strict=True)]


async def newest_first(db: Read, listing: Listing, asked: Asked) -> list[Page[Any]]:
    """As `known_first`, in the same order for everybody."""
    return await known_first(db, Viewer(), listing, asked)


def _page(listing: Listing, key: Key, window: Window, rows: Sequence[Any]) -> Page[Any]:
    return page_of(rows, window, lambda row: listing.cursor(key, row.id))


def _page_of_parts(listing: Listing, key: Key, window: Window, rows: Sequence[tuple[int, Any]]) -> Page[Any]:
    def cursor(item: tuple[int, Any]) -> str:
        part, row = item
        return listing.cursor(key, part, row.created_at if listing.is_timed else None, row.tie)

    return page_of(rows, window, cursor).each(lambda item: item[1])


def _position(viewer: Viewer, scope: str, after: str | None) -> tuple[int, datetime, UUID]:
    """The part and the mark in it to read on behind."""
    if after is None:
        return 0 if viewer.is_signed_in else _PARTS - 1, _END_OF_TIME, _LAST_ID
    part, moment, tie = decode_cursor(scope, after)
    begin = cursor_time(moment) if moment else _END_OF_TIME
    return part if viewer.is_signed_in else _PARTS - 1, begin, cursor_id(tie)


def _parameters(listing: Listing, asked: Asked, facts: Facts) -> dict[str, Any]:
    parameters: dict[str, Any] = {"limit": max((window.first for _, window in asked), default=0) + 1}
    for place, (key, _) in enumerate(asked):
        parameters |= {f"{name}_{place}": value for name, value in zip(listing.keys, key, strict=True)}
    for name, values in zip((*listing.facts, *listing.readers), facts, strict=True):
        parameters |= {f"{name}_{place}": value for place, value in enumerate(values)}
    return parameters


@lru_cache(maxsize=256)
def _by_id(listing: Listing, count: int, is_ascending: bool) -> TextClause:  # noqa: FBT001 - caches know no names
    comparison, order = (">", "asc") if is_ascending else ("<", "desc")
    return _statement(listing, count, f"id {comparison} {{mark}}", f"id {order}")


@lru_cache(maxsize=256)
def _known_first(listing: Listing, count: int, part: int | None) -> TextClause:
    """One part of each list; all of it for None."""
    known = "" if part is None else f" and person_id {'in' if part == 0 else 'not in'} {_FOLLOWED}"
    where, order = "(created_at, tie) < ({moment}, {mark})", "created_at desc, tie desc"
    if not listing.is_timed:
        where, order = "tie < {mark}", "tie desc"
    statement = _statement(listing, count, f"{where}{known}", order)
    return statement if part is None else statement.bindparams(bindparam("viewer", type_=Uuid))


def _statement(listing: Listing, count: int, where: str, order: str) -> TextClause:
    """A page of each list by its index, one branch for each: a lateral join could not be sharded."""
    types: dict[str, Any] = dict.fromkeys((*listing.keys, *listing.readers, "mark"), Uuid)
    types |= dict.fromkeys(listing.facts, Boolean)
    types |= {"moment": DateTime(timezone=True)} if "{moment}" in where else {}
    branch = f"select * from ({listing.source}) listed where {where} order by {order} limit :limit"  # noqa: S608 - constants
    branches = []
    for place in range(count):
        page = branch.format_map({name: f":{name}_{place}" for name in types})
        branches.append(f"(select {place} as place, page.* from ({page}) page)")  # noqa: S608 - constants
    sql = f"select * from ({' union all '.join(branches)}) pages order by place, {order}"  # noqa: S608 - constants
    binds = [bindparam(f"{name}_{place}", type_=kind) for name, kind in types.items() for place in range(count)]
    return text(sql).bindparams(*binds)
