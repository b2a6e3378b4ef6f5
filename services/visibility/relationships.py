"""How viewers stand to people, in one statement for any number of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.viewer import Viewer
from services.visibility.rules import STRANGER, Relationship
from services.visibility.witness import WatchedViewer, Witness

VIEWERS_AT_ONCE = 1000

COLUMNS = """
    outgoing.state as follow_state, outgoing.created_at as followed_at, incoming.state as follower_state,
    chosen.blocks, chosen.restricts, chosen.is_close_friend, chosen.mutes,
    received.blocked_by, received.restricted_by, received.close_friend_of
"""
"""What `of_rows` reads; `standing` and `join` bring it into a statement."""

_SELF = Relationship(is_self=True)
_UNKNOWN: Final = dict.fromkeys(
    (each.strip().split(" as ")[-1].rpartition(".")[2] for each in COLUMNS.split(",")), None
)
_OF_CHOICE = "blocked_at is not null, restricted_at is not null, close_friend_since is not null"

# Rows of many viewers: what is there, and no more; each side brings some of the columns.
_OF_MANY = text(
    f"""
    select follower_id as viewer_id, followee_id as person_id, 'outgoing' as side, state, created_at,
        false as blocks, false as restricts, false as is_close_friend, null::text[] as mutes
    from follows where follower_id = any(:viewers) and followee_id = any(:people)
    union all
    select followee_id, follower_id, 'incoming', state, null, false, false, false, null
    from followers where followee_id = any(:viewers) and follower_id = any(:people)
    union all
    select owner_id, person_id, 'chosen', null, null, {_OF_CHOICE}, mutes
    from stances where owner_id = any(:viewers) and person_id = any(:people)
    union all
    select person_id, owner_id, 'received', null, null, {_OF_CHOICE}, null
    from received_stances where person_id = any(:viewers) and owner_id = any(:people)
    """  # noqa: S608 - constants
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
        select follower_id, state from followers where followee_id = :viewer and follower_id {people}
    ),
    chosen as materialized (
        select person_id, blocked_at is not null as blocks, restricted_at is not null as restricts,
            close_friend_since is not null as is_close_friend, mutes
        from stances where owner_id = :viewer and person_id {people}
    ),
    received as materialized (
        select owner_id, blocked_at is not null as blocked_by, restricted_at is not null as restricted_by,
            close_friend_since is not null as close_friend_of
        from received_stances where person_id = :viewer and owner_id {people}
    )
    """  # noqa: S608 - constants


def join(person: str) -> str:
    """What `standing` found, beside a column that names a person."""
    return f"""
    left join outgoing on outgoing.followee_id = {person} left join incoming on incoming.follower_id = {person}
    left join chosen on chosen.person_id = {person} left join received on received.owner_id = {person}
    """


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
    follow, follower = row["follow_state"], row["follower_state"]
    if follow is None and follower is None and row["blocks"] is None and row["blocked_by"] is None:
        return STRANGER
    return Relationship(
        follows=follow == "ACTIVE",
        has_requested=follow == "PENDING",
        followed_by=follower == "ACTIVE",
        has_requested_viewer=follower == "PENDING",
        follows_since=row["followed_at"] if follow == "ACTIVE" else None,
        is_close_friend=row["is_close_friend"] or False,
        close_friend_of=row["close_friend_of"] or False,
        blocks=row["blocks"] or False,
        blocked_by=row["blocked_by"] or False,
        restricts=row["restricts"] or False,
        restricted_by=row["restricted_by"] or False,
        mutes=tuple(row["mutes"] or ()),
    )


async def relationships(db: Read, viewer: Viewer, people: Iterable[UUID]) -> Mapping[UUID, Relationship]:
    """One relationship for each person asked for; costs no statement when signed out or asked of oneself alone."""
    if isinstance(viewer, WatchedViewer):
        return viewer.witness.watch(await relationships(db, viewer.own, people))
    asked = set(people)
    rows = await _rows_of_many(db, [viewer], asked - {viewer.id}) if viewer.id and asked - {viewer.id} else {}
    return _standing(viewer.id, asked, rows.get(viewer.id, ()))


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
    known: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        known.setdefault(row.person_id, dict(_UNKNOWN)).update(_told_by(row))
    for person, columns in known.items():
        found[person] = _relationship(columns, is_self=person == viewer_id)
    return found


def _told_by(row: Any) -> dict[str, Any]:
    """The columns that one side brings."""
    if row.side == "outgoing":
        return {"follow_state": row.state, "followed_at": row.created_at}
    if row.side == "incoming":
        return {"follower_state": row.state}
    if row.side == "received":
        told = {"blocked_by": row.blocks, "restricted_by": row.restricts, "close_friend_of": row.is_close_friend}
    else:
        told = {"blocks": row.blocks, "restricts": row.restricts, "is_close_friend": row.is_close_friend}
        told["mutes"] = row.mutes
    return told
