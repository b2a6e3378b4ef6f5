"""People of a list whose handle or name starts with a text, whatever its case: by handle first, then by name.

A short list is read whole. Of a long one, the people of the whole product who are called so are looked up in it, in the
order of their names, so many at a time: the effort does not go by how long the list is, and is bounded.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, text

from core.db import Read
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of
from services.listings import Listing

SHORT: Final = 10_000
"""As many as a list has that is read whole."""
AT_ONCE: Final = 1_000
TURNS: Final = 2
"""So many times so many names are looked up for a page, which may stay short: then it says that more may follow."""

_FIRST_ID: Final = UUID(int=0)
_PARTS: Final = ("handle", "display_name")


class Start(NamedTuple):
    """One person of the list: the part of the order, the name in it, who, and since when in the list."""

    part: int
    label: str
    person_id: UUID
    created_at: datetime | None


async def page(db: Read, listing: Listing, person: UUID, query: str, window: Window) -> Page[Start]:
    """Those of a list of people with the key `person`, whose accounts are in use."""
    scope = f"{listing.scope((person,))}:{query.lower()}"
    place = _place(scope, window.after)
    common = {"person": person, "query": query, "limit": window.first + 1}
    if await db.scalar(_LENGTH.of(listing), {"person": person, "most": SHORT + 1}) <= SHORT:
        rows = [Start._make(row) for row in await db.all(_WHOLE.of(listing), common | place)]
        return page_of(rows, window, lambda row: _cursor(scope, row))
    return await _along(db, listing, scope, common, place, window)


async def _along(
    db: Read, listing: Listing, scope: str, common: Mapping[str, Any], place: Mapping[str, Any], window: Window
) -> Page[Start]:
    found: list[Start] = []
    for _ in range(TURNS):
        named = await db.all(_NAMED[place["part"]], {"query": common["query"], "most": AT_ONCE, **_mark(place)})
        found += await _listed(db, listing, common["person"], place["part"], named)
        if len(found) > window.first:
            return page_of(found, window, lambda row: _cursor(scope, row))
        if len(named) == AT_ONCE:
            place = {"part": place["part"], "label": named[-1].label, "mark": named[-1].id}
        elif place["part"] + 1 < len(_PARTS):
            place = {"part": place["part"] + 1, "label": "", "mark": _FIRST_ID}
        else:
            return page_of(found, window, lambda row: _cursor(scope, row))
    cursors, end = tuple(_cursor(scope, row) for row in found), encode_cursor(scope, *place.values())
    return Page(tuple(found), cursors, has_next=True, has_previous=window.after is not None, end=end)


async def _listed(db: Read, listing: Listing, person: UUID, part: int, named: Sequence[Any]) -> list[Start]:
    """Those of some people who are in the list, in their order."""
    asked = {"person": person, "people": [row.id for row in named]}
    since = {row.person_id: row.created_at for row in await db.all(_AMONG.of(listing), asked)} if named else {}
    return [Start(part, row.label, row.id, since[row.id]) for row in named if row.id in since]


def _place(scope: str, after: str | None) -> dict[str, Any]:
    part, label, mark = (0, "", str(_FIRST_ID)) if after is None else decode_cursor(scope, after)
    return {"part": part, "label": label, "mark": cursor_id(mark)}


def _mark(place: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": place["label"], "mark": place["mark"]}


def _cursor(scope: str, row: Start) -> str:
    return encode_cursor(scope, row.part, row.label, row.person_id)


class _OfListing:
    """A statement about the rows that a listing selects, made once for each."""

    def __init__(self, written: Callable[[str], str]) -> None:
        self._written = written
        self._made: dict[str, TextClause] = {}

    def of(self, listing: Listing) -> TextClause:
        """The statement for one listing, whose key is `:person`."""
        if listing.name not in self._made:
            sql = self._written(listing.source.format(person=":person"))
            kinds: dict[str, Any] = {"person": Uuid, "mark": Uuid, "people": ARRAY(Uuid)}
            binds = [bindparam(name, type_=kind) for name, kind in kinds.items() if f":{name}" in sql]
            self._made[listing.name] = text(sql).bindparams(*binds)
        return self._made[listing.name]


def _starts(column: str) -> str:
    """Whether a column starts so, as a range of an index: a plan made before the text is known finds none for LIKE."""
    name = f'(lower({column}) collate "C")'
    return f"({name} >= lower(:query) and {name} < lower(:query) || chr(1114111))"


def _length(source: str) -> str:
    return f"select count(*) from (select 1 from ({source}) listed limit :most) counted"  # noqa: S608 - constants


def _among(source: str) -> str:
    return f"select person_id, created_at from ({source}) listed where person_id = any(:people)"  # noqa: S608 - constants


def _whole(source: str) -> str:
    # unguarded: whom it finds, the door shows; the names of accounts that are not in use are not looked at
    return f"""
    with listed as materialized ({source}),
    named as (
        select listed.person_id, listed.created_at, case when {_starts("u.handle")} then 0 else 1 end as part,
            case when {_starts("u.handle")} then lower(u.handle) else lower(u.display_name) end collate "C" as label
        from listed join users u on u.id = listed.person_id
        where u.status = 'ACTIVE' and ({_starts("u.handle")} or {_starts("u.display_name")})
    )
    select part, label, person_id, created_at from named
    where part > :part or (part = :part and (label, person_id) > (:label, :mark))
    order by part, label, person_id limit :limit
    """  # noqa: S608 - constants


def _named(column: str, without: str) -> TextClause:
    """The next people who are called so. An index is entered at one place: so the range begins in one condition."""
    name = f'(lower({column}) collate "C")'
    begin = 'greatest(:label collate "C", lower(:query) collate "C")'
    # unguarded: as above
    return text(
        f"""
        select id, {name} as label from users
        where ({name}, id) > ({begin}, :mark) and {name} < lower(:query) || chr(1114111) and status = 'ACTIVE' {without}
        order by {name}, id limit :most
        """  # noqa: S608 - constants
    ).bindparams(bindparam("mark", type_=Uuid))


_LENGTH: Final = _OfListing(_length)
_AMONG: Final = _OfListing(_among)
_WHOLE: Final = _OfListing(_whole)
_NAMED: Final = (_named("handle", ""), _named("display_name", f"and not {_starts('handle')}"))
