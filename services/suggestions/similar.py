"""People like others: those whom the same people follow."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, Uuid, bindparam, text

from core.db import Read
from core.ids import UserId
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of

FANS: Final = 200
"""So many followers are looked at for all people asked about together; each is looked at for 50 at most."""
FANS_OF_ONE: Final = 50
FOLLOWS_OF_EACH: Final = 50
MOST_FOLLOWS: Final = 2000
FEWEST_IN_COMMON: Final = 2
KEPT: Final = 100

Alike = Sequence[tuple[UUID, float]]


async def alike(db: Read, people: Sequence[UUID]) -> Mapping[UUID, Alike]:
    """For each person up to 100 others with at least two followers in common, those most alike first.

    The measure is the cosine of the two sets of followers (Salton's): those in common by the root of the other's count;
    the person's own is the same for all. Followers are the last that came, and only such whose follows everybody may
    see, since what they follow shows in the answer. Who follows more than 2,000 people tells nothing and is left out.
    """
    if not people:
        return {}
    given: dict[str, Any] = {f"person_{place}": person for place, person in enumerate(people)}
    given |= {"fans": max(min(FANS_OF_ONE, FANS // len(people)), FEWEST_IN_COMMON), "each": FOLLOWS_OF_EACH}
    given |= {"fewest": FEWEST_IN_COMMON, "most": MOST_FOLLOWS, "limit": KEPT}
    found: dict[UUID, list[tuple[UUID, float]]] = {person: [] for person in people}
    for row in await db.all(_statement(len(people)), given):
        found[row.person_id].append((row.other_id, row.strength))
    return found


def page(person_id: UUID, others: Alike, window: Window) -> Page[UserId]:
    """A page of people like the person."""
    scope = f"similar:{person_id}"
    if window.after is not None:
        strength, tie = decode_cursor(scope, window.after)
        behind = -strength, cursor_id(tie)
        others = [each for each in others if (-each[1], each[0]) > behind]
    found = page_of(others[: window.first + 1], window, lambda each: encode_cursor(scope, each[1], each[0]))
    return found.each(lambda each: UserId(each[0]))


@lru_cache(maxsize=128)
def _statement(count: int) -> TextClause:
    """One branch by the index for each person: those with very many followers cost no more than others."""
    branches = " union all ".join(
        f"""(select followee_id as person_id, follower_id as fan_id from followers
        where followee_id = :person_{place} and state = 'ACTIVE' order by created_at desc limit :fans)"""  # noqa: S608 - constants
        for place in range(count)
    )
    binds = [bindparam(f"person_{place}", type_=Uuid) for place in range(count)]
    return text(_ALIKE.format(fans=branches)).bindparams(*binds)


_ALIKE = """
    with fans as materialized ({fans}),
    open as materialized (
        select u.id from users u
        left join counters c on c.author_id = u.id and c.subject_id = u.id and c.name = 'following'
        where u.id in (select fan_id from fans) and u.status = 'ACTIVE' and not u.is_private
        and coalesce(c.value, 0) <= :most
    ),
    followed as materialized (
        select follower_id, followee_id from (
            select follower_id, followee_id,
                row_number() over (partition by follower_id order by created_at desc) as place
            from follows where follower_id in (select id from open) and state = 'ACTIVE'
        ) newest where place <= :each
    ),
    common as materialized (
        select fans.person_id, followed.followee_id as other_id, count(*) as fans
        from fans join followed on followed.follower_id = fans.fan_id
        where followed.followee_id <> fans.person_id
        group by fans.person_id, followed.followee_id having count(*) >= :fewest
    ),
    measured as materialized (
        select common.person_id, common.other_id,
            common.fans / sqrt(greatest(coalesce(c.value, 0), common.fans)) as strength
        from common join users u on u.id = common.other_id
        left join counters c on c.author_id = u.id and c.subject_id = u.id and c.name = 'followers'
        left join privacy_settings p on p.user_id = u.id
        where u.status = 'ACTIVE' and p.is_discoverable is not false
    )
    select person_id, other_id, strength from (
        select person_id, other_id, strength,
            row_number() over (partition by person_id order by strength desc, other_id) as place
        from measured
    ) ranked where place <= :limit order by person_id, strength desc, other_id
"""
