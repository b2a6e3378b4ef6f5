"""Making somebody's suggestions, and those for people of whom nothing is known yet."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from models.suggestions import DismissedSuggestion, PopularPerson, Suggestion, SuggestionTurn
from services.suggestions import leads
from services.suggestions.dismissing import DISMISSED_FOR
from services.suggestions.leads import Kind, Lead

KEPT: Final = 100

WEIGHTS: Final[Mapping[Kind, float]] = {"FOLLOWED_BY_FOLLOWED": 1.0, "CLOSE_TIE": 0.9, "NEARBY": 0.4, "POPULAR": 0.3}
"""What the best of each source is worth; the others of it are worth their share of that."""


async def make(tx: Write, user_id: UUID) -> None:
    """Replace the suggestions of somebody who has a turn by the best 100 of today; twice is as good as once.

    The score is the sum over the sources that know the person, of the source's weight times the strength as a share of
    the source's strongest.
    """
    turn = update(SuggestionTurn).where(SuggestionTurn.user_id == user_id).values(made_at=clock.now())
    # The row that is held keeps two makings apart.
    if await tx.scalar(turn.returning(SuggestionTurn.user_id)) is None:
        return
    gone = DismissedSuggestion.dismissed_at <= clock.now() - DISMISSED_FOR
    await tx.execute(delete(DismissedSuggestion).where(DismissedSuggestion.user_id == user_id, gone))
    popular = await _popular(tx)
    found: dict[Kind, Sequence[Lead]] = {
        "FOLLOWED_BY_FOLLOWED": await leads.of_friends(tx, user_id),
        "CLOSE_TIE": await leads.of_acts(tx, user_id),
        "NEARBY": await leads.of_places(tx, user_id, popular),
        "POPULAR": popular,
    }
    rows = _blended(user_id, found)
    wanted = await _wanted(tx, user_id, [row["person_id"] for row in rows])
    kept = [row for row in rows if row["person_id"] in wanted][:KEPT]
    await tx.execute(delete(Suggestion).where(Suggestion.user_id == user_id))
    if kept:
        await tx.execute(insert(Suggestion), kept)


async def count_popular(tx: Write) -> None:
    """Find those who gained the most followers lately, with what that is worth."""
    found = await leads.of_all(tx)
    wanted = await _wanted(tx, None, [lead.person_id for lead in found])
    worth = _worth("POPULAR", [lead for lead in found if lead.person_id in wanted])
    await tx.execute(delete(PopularPerson).where(PopularPerson.person_id.not_in(list(worth))))
    rows = [{"person_id": person, "score": score} for person, score in sorted(worth.items(), key=lambda each: each[0])]
    if rows:
        adding = insert(PopularPerson)
        fresh = {"score": adding.excluded.score}
        await tx.execute(adding.on_conflict_do_update(index_elements=[PopularPerson.person_id], set_=fresh), rows)


def _blended(user_id: UUID, found: Mapping[Kind, Sequence[Lead]]) -> list[dict[str, Any]]:
    """Rows for all that the sources found, the best first."""
    worth: dict[UUID, dict[Kind, float]] = {}
    known: dict[UUID, tuple[UUID, ...]] = {}
    for kind, of_source in found.items():
        for person_id, score in _worth(kind, of_source).items():
            worth.setdefault(person_id, {})[kind] = score
        known.update({lead.person_id: lead.known for lead in of_source if lead.known})
    ordered = sorted(worth, key=lambda person: (-sum(worth[person].values()), person))
    return [
        {
            "user_id": user_id,
            "person_id": person,
            "score": sum(worth[person].values()),
            "kinds": sorted(worth[person], key=lambda kind: -worth[person][kind]),
            "known": list(known.get(person, ())),
        }
        for person in ordered
    ]


def _worth(kind: Kind, found: Sequence[Lead]) -> dict[UUID, float]:
    strongest = max((lead.strength for lead in found), default=1.0)
    return {lead.person_id: WEIGHTS[kind] * lead.strength / strongest for lead in found}


async def _popular(db: Read) -> list[Lead]:
    rows = await db.all(select(PopularPerson.person_id, PopularPerson.score))
    return [Lead(row.person_id, row.score) for row in rows]


async def _wanted(db: Read, user_id: UUID | None, people: Collection[UUID]) -> set[UUID]:
    """Those in use who may be suggested, and need it.

    The person neither follows, asked, dismissed nor keeps them at a distance, and they do not block the person.
    """
    return set(await db.scalars(_WANTED, {"user": user_id, "people": list(people)})) if people else set()


_WANTED = text(
    """
    select u.id from users u left join privacy_settings p on p.user_id = u.id
    where u.id = any(:people) and u.status = 'ACTIVE' and p.is_discoverable is not false
    and u.id is distinct from :user
    and u.id not in (select followee_id from follows where follower_id = :user and followee_id = any(:people))
    and u.id not in (select person_id from dismissed_suggestions where user_id = :user and person_id = any(:people))
    and u.id not in (
        select person_id from stances where owner_id = :user and person_id = any(:people)
        and (blocked_at is not null or restricted_at is not null or muted_at is not null)
    )
    and u.id not in (
        select owner_id from received_stances
        where person_id = :user and owner_id = any(:people) and blocked_at is not null
    )
    """
).bindparams(bindparam("user", type_=Uuid), bindparam("people", type_=ARRAY(Uuid)))
