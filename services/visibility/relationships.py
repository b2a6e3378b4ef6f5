"""How the viewer stands to people, in one statement for any number of them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.viewer import Viewer
from services.visibility.rules import STRANGER, Relationship

_BOTH_WAYS = text(
    """
    select followee_id as person_id, true as is_outgoing, state, created_at from follows
    where follower_id = :viewer and followee_id = any(:people)
    union all
    select follower_id, false, state, created_at from followers
    where followee_id = :viewer and follower_id = any(:people)
    """
).bindparams(bindparam("viewer", type_=Uuid), bindparam("people", type_=ARRAY(Uuid)))


async def relationships(db: Read, viewer: Viewer, people: Iterable[UUID]) -> Mapping[UUID, Relationship]:
    """One relationship for each person asked for; costs no statement when signed out or asked of oneself alone."""
    asked = set(people)
    found = dict.fromkeys(asked, STRANGER)
    if viewer.id is None:
        return found
    others = asked - {viewer.id}
    if viewer.id in asked:
        found[viewer.id] = Relationship(is_self=True)
    if not others:
        return found
    rows = await db.all(_BOTH_WAYS, {"viewer": viewer.id, "people": list(others)})
    outgoing = {row.person_id: row for row in rows if row.is_outgoing}
    incoming = {row.person_id for row in rows if not row.is_outgoing and row.state == "ACTIVE"}
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
