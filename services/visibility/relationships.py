"""How viewers stand to people, in one statement for any number of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.viewer import Viewer
from services.visibility.rules import STRANGER, Relationship
from services.visibility.witness import WatchedViewer, Witness

VIEWERS_AT_ONCE = 1000

COLUMNS = "outgoing.state as follow_state, outgoing.created_at as followed_at, incoming.follower_id as follower"
"""What `of_rows` reads; `standing` and `join` bring it into a statement."""

_SELF = Relationship(is_self=True)

_BOTH_WAYS = text(
    """
    select followee_id as person_id, true as is_outgoing, state, created_at from follows
    where follower_id = :viewer and followee_id = any(:people)
    union all
    select follower_id, false, state, created_at from followers
    where followee_id = :viewer and follower_id = any(:people)
    """
).bindparams(bindparam("viewer", type_=Uuid), bindparam("people", type_=ARRAY(Uuid)))

_OF_MANY = text(
    """
    select follower_id as viewer_id, followee_id as person_id, true as is_outgoing, state, created_at from follows
    where follower_id = any(:viewers) and followee_id = any(:people)
    union all
    select followee_id, follower_id, false, state, created_at from followers
    where followee_id = any(:viewers) and follower_id = any(:people)
    """
).bindparams(bindparam("viewers", type_=ARRAY(Uuid)), bindparam("people", type_=ARRAY(Uuid)))


def standing(people: str) -> str:
    """Common table expressions that say how `:viewer` stands to people, such as `= any(:people)`.

    A cluster reads what is materialized where it is, and only then joins it to rows of other shards.
    """
    return f"""
    outgoing as materialized (
        select followee_id, state, created_at from follows where follower_id = :viewer and followee_id {people}
    ),
    incoming as materialized (
        select follower_id from followers where followee_id = :viewer and follower_id {people} and state = 'ACTIVE'
    )
    """  # noqa: S608 - constants


def join(person: str) -> str:
    """What `standing` found, beside a column that names a person."""
    outgoing = f"left join outgoing on outgoing.followee_id = {person}"
    return f"{outgoing} left join incoming on incoming.follower_id = {person}"


def asking(viewer: Viewer) -> UUID | None:
    """The id to find relationships by, which does not make a reading personal.

    So a witness has to learn by `of_rows` of everybody whom the statement decides by: an order in SQL is a decision.
    """
    return viewer.own.id if isinstance(viewer, WatchedViewer) else viewer.id


def of_rows(viewer: Viewer, people: Iterable[tuple[UUID, Any]]) -> dict[UUID, Relationship]:
    """How the viewer stands to people, each beside a row with `COLUMNS`."""
    viewer_id = asking(viewer)
    found = {person: _relationship(row, is_self=person == viewer_id) for person, row in people}
    return viewer.witness.watch(found) if isinstance(viewer, WatchedViewer) else found


def _relationship(row: Any, *, is_self: bool) -> Relationship:
    if is_self:
        return _SELF
    if row["follow_state"] is None and row["follower"] is None:
        return STRANGER
    follows = row["follow_state"] == "ACTIVE"
    return Relationship(
        follows=follows,
        has_requested=row["follow_state"] == "PENDING",
        followed_by=row["follower"] is not None,
        follows_since=row["followed_at"] if follows else None,
    )


async def relationships(db: Read, viewer: Viewer, people: Iterable[UUID]) -> Mapping[UUID, Relationship]:
    """One relationship for each person asked for; costs no statement when signed out or asked of oneself alone."""
    if isinstance(viewer, WatchedViewer):
        return viewer.witness.watch(await relationships(db, viewer.own, people))
    asked = set(people)
    others = asked - {viewer.id}
    rows = await db.all(_BOTH_WAYS, {"viewer": viewer.id, "people": list(others)}) if viewer.id and others else ()
    return _standing(viewer.id, asked, rows)


async def alike(db: Read, witness: Witness, viewers: Sequence[Viewer]) -> list[bool]:
    """For each viewer, whether the witnessed reading would have been told the same of him; never if it is personal.

    One statement for a thousand viewers, and none if the reading went by no follow.
    """
    if witness.is_personal:
        return [False] * len(viewers)
    told = {person: noted for person, noted in witness.standing.items() if noted}
    goes_by_follows = any(noted.keys() - {"is_self"} for noted in told.values())
    found = list[bool]()
    of_strangers = _is_told(told, _standing(None, told, ()))
    for start in range(0, len(viewers), VIEWERS_AT_ONCE):
        piece = viewers[start : start + VIEWERS_AT_ONCE]
        rows = await _rows_of_many(db, piece, told) if goes_by_follows else {}
        found += [
            witness.is_state_of(viewer)
            and (
                _is_told(told, _standing(viewer.id, told, rows.get(viewer.id, ())))
                if viewer.id in told or viewer.id in rows
                else of_strangers
            )
            for viewer in piece
        ]
    return found


def _is_told(told: Mapping[UUID, Mapping[str, Any]], standing: Mapping[UUID, Relationship]) -> bool:
    return all(
        getattr(standing[person], name) == value for person, noted in told.items() for name, value in noted.items()
    )


async def _rows_of_many(
    db: Read, viewers: Sequence[Viewer], people: Iterable[UUID]
) -> Mapping[UUID | None, Sequence[Any]]:
    ids = [viewer.id for viewer in viewers if viewer.id]
    found: dict[UUID | None, list[Any]] = {}
    for row in await db.all(_OF_MANY, {"viewers": ids, "people": list(people)}) if ids else ():
        found.setdefault(row.viewer_id, []).append(row)
    return found


def _standing(viewer_id: UUID | None, people: Iterable[UUID], rows: Iterable[Any]) -> dict[UUID, Relationship]:
    """The relationships that the rows of one viewer make."""
    found = {person: _SELF if person == viewer_id else STRANGER for person in people}
    outgoing, incoming = {}, set[UUID]()
    for row in rows:
        if row.is_outgoing:
            outgoing[row.person_id] = row
        elif row.state == "ACTIVE":
            incoming.add(row.person_id)
    for person in outgoing.keys() | incoming:
        follow = outgoing.get(person)
        follows = follow is not None and follow.state == "ACTIVE"
        found[person] = Relationship(
            follows=follows,
            has_requested=follow is not None and follow.state == "PENDING",
            followed_by=person in incoming,
            follows_since=follow.created_at if follow is not None and follows else None,
        )
    return found
