"""Lists in which what comes of people the viewer follows stands first, each part the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from core.db import Read
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer

_FOLLOWED = "(select followee_id from follows where follower_id = :viewer and state = 'ACTIVE')"
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Listing:
    """A select of `person_id`, `created_at` and a `tie` that tells rows of one moment apart, with its parameters.

    `scope` names the list in its cursors.
    """

    scope: str
    source: str
    keys: Mapping[str, UUID]


async def page(db: Read, viewer: Viewer, listing: Listing, window: Window) -> Page[Any]:
    """Rows of the listing in two parts; signed out there is one.

    The cursor names the part, so that following somebody between two pages neither repeats a row of the first part
    nor skips one of the second.
    """
    part, mark = _position(viewer, listing.scope, window.after)
    rows: list[Any] = []
    while len(rows) <= window.first and part < _PARTS:
        limit = window.first + 1 - len(rows)
        rows += [(part, row) for row in await _part(db, viewer, listing, part, {**mark, "limit": limit})]
        part, mark = part + 1, {}

    def cursor(item: tuple[int, Any]) -> str:
        return encode_cursor(listing.scope, item[0], item[1].created_at, item[1].tie)

    return page_of(rows, window, cursor).each(lambda item: item[1])


def _position(viewer: Viewer, scope: str, after: str | None) -> tuple[int, dict[str, Any]]:
    if after is None:
        return 0 if viewer.is_signed_in else _PARTS - 1, {}
    part, created_at, tie = decode_cursor(scope, after)
    return part if viewer.is_signed_in else _PARTS - 1, {"at": cursor_time(created_at), "tie": cursor_id(tie)}


async def _part(db: Read, viewer: Viewer, listing: Listing, part: int, window: dict[str, Any]) -> Any:
    parameters = {**listing.keys, **window}
    conditions = []
    if viewer.is_signed_in:
        conditions.append(f"person_id {'in' if part == 0 else 'not in'} {_FOLLOWED}")
        parameters["viewer"] = viewer.user_id
    if "at" in window:
        conditions.append("(created_at, tie) < (:at, :tie)")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    statement = text(
        f"select * from ({listing.source}) listed {where} order by created_at desc, tie desc limit :limit"  # noqa: S608 - constants
    )
    binds = [bindparam(name, type_=Uuid) for name, value in parameters.items() if isinstance(value, UUID)]
    return await db.all(statement.bindparams(*binds), parameters)
