"""How viewers stand to people, in one statement for any number of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct
from core.viewer import Viewer
from services.visibility.rules import STRANGER, Relationship
from services.visibility.witness import WatchedViewer

COLUMNS = """
    outgoing.state as follow_state, outgoing.created_at as followed_at, incoming.state as follower_state,
    chosen.blocks, chosen.restricts, chosen.is_close_friend, chosen.mutes,
    received.blocked_by, received.restricted_by, received.close_friend_of
"""
"""What `of_rows` reads; `standing` and `join` bring it into a statement."""

_SELF = Relationship(is_self=True)
UNKNOWN: Final[Mapping[str, Any]] = dict.fromkeys(
    (each.strip().split(" as ")[-1].rpartition(".")[2] for each in COLUMNS.split(",")), None
)


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


_OF_ONE = Direct(
    text(
        f"""
        with {standing("= any(:people)")}
        select asked.id as person_id, {COLUMNS} from unnest(:people) as asked(id) {join("asked.id")}
        """  # noqa: S608 - constants
    ).bindparams(bindparam("viewer", type_=Uuid), bindparam("people", type_=ARRAY(Uuid)))
)


def asking(viewer: Viewer) -> UUID | None:
    """The id to find relationships by, which does not make a reading personal.

    So a witness has to learn by `of_rows` of everybody whom the statement decides by: an order in SQL is a decision.
    """
    return viewer.own.id if isinstance(viewer, WatchedViewer) else viewer.id


def of_rows(viewer: Viewer, people: Iterable[tuple[UUID, Any]]) -> dict[UUID, Relationship]:
    """How the viewer stands to people, each beside a row with `COLUMNS`."""
    viewer_id = asking(viewer)
    found = {person: relationship_of(row, is_self=person == viewer_id) for person, row in people}
    return viewer.witness.watch(found) if isinstance(viewer, WatchedViewer) else found


def relationship_of(row: Any, *, is_self: bool) -> Relationship:
    """How a viewer stands to a person by a row with `COLUMNS`."""
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
    asked, viewer_id = set(people), asking(viewer)
    others = list(asked - {viewer_id}) if viewer_id else []
    rows = await db.rows(_OF_ONE, {"viewer": viewer_id, "people": others}) if others else ()
    known = {row["person_id"]: row for row in rows}
    return of_rows(viewer, ((person, known.get(person, UNKNOWN)) for person in asked))
