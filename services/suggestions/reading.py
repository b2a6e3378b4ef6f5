"""Pages of suggestions, and which of their reasons still hold at the moment they are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Float, Uuid, bindparam, text

from core import clock
from core.db import Read
from core.ids import UserId
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer
from services.suggestions.dismissing import DISMISSED_FOR
from services.suggestions.leads import KINDS, Kind
from services.visibility.rows import VisibleUser

_ABOVE_ALL = float("inf")
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody suggested, and why: reasons, the strongest first, and people who may be known to follow them."""

    id: UserId
    score: float
    kinds: tuple[Kind, ...]
    known: tuple[UUID, ...]


def may_be_suggested(person: VisibleUser) -> bool:
    """Whether somebody the viewer can find is suggested: in use, neither followed nor asked, nor kept at a distance.

    Who restricts the viewer is suggested as anybody else is, since nobody is to notice that.
    """
    relationship = person.relationship
    is_known = relationship.is_self or relationship.follows or relationship.has_requested
    is_distant = relationship.restricts or relationship.mutes
    return person.access in {"FULL", "PRIVATE"} and not (is_known or is_distant)


async def page(db: Read, viewer: Viewer, window: Window) -> Page[Suggested]:
    """People to suggest, the best first; popular ones until the viewer's own suggestions are made.

    Follows, dismissals and settings count as they stand now, not as they stood when the suggestions were made. Whether
    the viewer may see the people is for the door to say.
    """
    scope = f"suggested:{viewer.user_id}"
    score, tie = decode_cursor(scope, window.after) if window.after is not None else (None, str(_LAST_ID))
    given = {"viewer": viewer.user_id, "dismissed_since": clock.now() - DISMISSED_FOR, "limit": window.first + 1}
    given |= {"mark": _ABOVE_ALL if score is None else score, "tie": cursor_id(tie)}
    rows = await db.all(_PAGE, given)
    found = [Suggested(UserId(row.person_id), row.score, _kinds(row.kinds), tuple(row.known)) for row in rows]
    return page_of(found, window, lambda each: encode_cursor(scope, each.score, each.id.id))


async def follows_that_stand(db: Read, pairs: Iterable[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those pairs of whom the first still follows the second."""
    asked = list(pairs)
    if not asked:
        return set()
    given = {"followers": [pair[0] for pair in asked], "followees": [pair[1] for pair in asked]}
    return {(row.follower_id, row.followee_id) for row in await db.all(_STANDING, given)}


def _kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    return tuple(kind for name in names for kind in KINDS if kind == name)


_PAGE = text(
    """
    with listed as materialized (
        select person_id, score, kinds, known from suggestions where user_id = :viewer
        union all
        select person_id, score, array['POPULAR'], cast('{}' as uuid[]) from popular_people
        where not exists (select from suggestion_turns where user_id = :viewer and made_at is not null)
    ),
    reserved as materialized (
        select user_id from privacy_settings
        where user_id in (select person_id from listed) and is_discoverable is false
    )
    select person_id, score, kinds, known from listed
    where (score, person_id) < (:mark, :tie) and person_id <> :viewer
    and person_id not in (select user_id from reserved)
    and person_id not in (
        select followee_id from follows
        where follower_id = :viewer and followee_id in (select person_id from listed)
    )
    and person_id not in (
        select person_id from dismissed_suggestions
        where user_id = :viewer and person_id in (select person_id from listed) and dismissed_at > :dismissed_since
    )
    order by score desc, person_id desc limit :limit
    """
).bindparams(bindparam("viewer", type_=Uuid), bindparam("mark", type_=Float(53)), bindparam("tie", type_=Uuid))

_STANDING = text(
    """
    select f.follower_id, f.followee_id from unnest(:followers, :followees) as asked (follower_id, followee_id)
    join follows f on f.follower_id = asked.follower_id and f.followee_id = asked.followee_id
    where f.state = 'ACTIVE'
    """
).bindparams(bindparam("followers", type_=ARRAY(Uuid)), bindparam("followees", type_=ARRAY(Uuid)))
