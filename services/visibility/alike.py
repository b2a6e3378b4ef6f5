"""Which viewers would be told the same as another one was: they may be given what was found for it."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, text

from core.db import Read
from core.ids import PostId
from core.viewer import Viewer
from services.visibility import comment_counts
from services.visibility.comment_counts import Difference
from services.visibility.relationships import UNKNOWN, relationship_of
from services.visibility.witness import Witness

VIEWERS_AT_ONCE: Final = 1000

# Each side is filed under the people, of whom most have few rows; and it is asked only for facts that were told.
_FACTS: Final[Mapping[str, AbstractSet[str]]] = {
    "follows": {"follows", "has_requested", "follows_since"},
    "followers": {"followed_by", "has_requested_viewer"},
    "choices": {"blocks", "restricts", "is_close_friend"},
    "mutes": {"mutes"},
    "received": {"blocked_by", "restricted_by", "close_friend_of"},
}


def _side(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("viewers", type_=ARRAY(Uuid)), bindparam("people", type_=ARRAY(Uuid)))


_SIDES: Final[Mapping[str, TextClause]] = {
    "follows": _side(
        """
        select follower_id as viewer_id, followee_id as person_id, state as follow_state, created_at as followed_at
        from followers where followee_id = any(:people) and follower_id = any(:viewers)
        """
    ),
    "followers": _side(
        """
        select followee_id as viewer_id, follower_id as person_id, state as follower_state
        from follows where follower_id = any(:people) and followee_id = any(:viewers)
        """
    ),
    "choices": _side(
        """
        select owner_id as viewer_id, person_id, blocked_at is not null as blocks,
            restricted_at is not null as restricts, close_friend_since is not null as is_close_friend
        from received_stances where person_id = any(:people) and owner_id = any(:viewers)
        """
    ),
    "mutes": _side(
        """
        select owner_id as viewer_id, person_id, mutes
        from stances where owner_id = any(:viewers) and person_id = any(:people)
        """
    ),
    "received": _side(
        """
        select person_id as viewer_id, owner_id as person_id, blocked_at is not null as blocked_by,
            restricted_at is not null as restricted_by, close_friend_since is not null as close_friend_of
        from stances where owner_id = any(:people) and person_id = any(:viewers)
        """
    ),
}


async def alike(db: Read, witness: Witness, viewers: Sequence[Viewer]) -> list[bool]:
    """For each viewer, whether the witnessed reading would have been told the same of him; never if it is personal.

    One statement for a thousand viewers and each side of what was told, and none if it was told of nobody; and one for
    the comments that it counted or chose from.
    """
    if witness.is_personal:
        return [False] * len(viewers)
    told = {person: noted for person, noted in witness.standing.items() if noted}
    of_strangers = _is_told(told, None, {})
    found = list[bool]()
    for start in range(0, len(viewers), VIEWERS_AT_ONCE):
        piece = viewers[start : start + VIEWERS_AT_ONCE]
        known = await _known_of(db, piece, told)
        counted = await _counted_of(db, piece, witness)
        found += [
            witness.is_state_of(viewer)
            and _is_counted(witness, counted.get(viewer.id, {}))
            and (
                _is_told(told, viewer.id, known.get(viewer.id, {}))
                if viewer.id in told or viewer.id in known
                else of_strangers
            )
            for viewer in piece
        ]
    return found


def _is_told(
    told: Mapping[UUID, Mapping[str, Any]], viewer_id: UUID | None, known: Mapping[UUID, Mapping[str, Any]]
) -> bool:
    """Whether a viewer of whom these rows are known stands to all people as was told."""
    for person, noted in told.items():
        stands = relationship_of(known.get(person, UNKNOWN), is_self=person == viewer_id)
        if any(getattr(stands, name) != value for name, value in noted.items()):
            return False
    return True


def _is_counted(witness: Witness, counted: Mapping[PostId, Difference]) -> bool:
    return all(counted.get(post, comment_counts.NONE) == told for post, told in witness.counted.items())


async def _counted_of(
    db: Read, viewers: Sequence[Viewer], witness: Witness
) -> Mapping[UUID | None, Mapping[PostId, Difference]]:
    """For each viewer, of which posts the viewer sees other comments than most."""
    if not witness.counted:
        return {}
    ids = [viewer.id for viewer in viewers if viewer.id]
    return await comment_counts.differences(db, ids, list(witness.counted))


async def _known_of(
    db: Read, viewers: Sequence[Viewer], told: Mapping[UUID, Iterable[str]]
) -> Mapping[UUID | None, Mapping[UUID, Mapping[str, Any]]]:
    """For each viewer who is more than a stranger to some of the people, the columns that say so."""
    found: dict[UUID | None, dict[UUID, dict[str, Any]]] = {}
    facts = {fact for noted in told.values() for fact in noted}
    asked = {"viewers": [viewer.id for viewer in viewers if viewer.id], "people": list(told)}
    for side, brought in _FACTS.items():
        for row in await db.all(_SIDES[side], asked) if asked["viewers"] and brought & facts else ():
            columns = found.setdefault(row.viewer_id, {}).setdefault(row.person_id, dict(UNKNOWN))
            columns.update(row._mapping)  # noqa: SLF001 - its public name
    return found
