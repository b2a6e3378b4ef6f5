"""Where suggestions come from: people followed by those one follows, people one deals with, and popular ones.

Every source looks at a bounded sample, however many people somebody follows and however much they like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log, log1p
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import ARRAY, Float, Uuid, bindparam, text

from core import clock
from core.db import Read
from services import counters

Kind = Literal["FOLLOWED_BY_FOLLOWED", "CLOSE_TIE", "POPULAR"]
KINDS: tuple[Kind, ...] = get_args(Kind)

KNOWN: Final = 3
"""How many of the people between two persons are kept as evidence."""

FRIENDS: Final = 100
FOLLOWS_OF_EACH: Final = 100
MOST_FOLLOWS: Final = 2000
ACTS: Final = 500
FEWEST_ACTS: Final = 3
LATELY: Final = timedelta(days=90)
POPULAR: Final = 200
_MOST: Final = 300
_COMMENT_WEIGHT: Final = 2.0


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody a source came upon; strengths of one source compare, those of two do not."""

    person_id: UUID
    strength: float
    known: tuple[UUID, ...] = ()


async def of_friends(db: Read, user_id: UUID) -> list[Lead]:
    """People followed by those the person follows, by the index of Adamic and Adar.

    Each friend in between adds 1 / ln(how many the friend follows): who follows few says more than who follows all
    ("Friends and neighbors on the Web", Social Networks 25, 2003; best of the simple indexes in Liben-Nowell and
    Kleinberg, "The link-prediction problem for social networks", 2007). The friends are the 100 followed last, of each
    the 100 follows made last; friends who follow more than 2,000 people tell nothing and are left out.
    """
    friends: Sequence[UUID] = await db.scalars(_FRIENDS, {"user": user_id, "limit": FRIENDS})
    counts = await counters.read(db, [(friend, friend) for friend in friends])
    follows = {friend: counts[friend, friend].get("following", 0) for friend in friends}
    weights = {friend: 1 / log(max(number, 2)) for friend, number in follows.items() if number <= MOST_FOLLOWS}
    if not weights:
        return []
    given = {"user": user_id, "friends": list(weights), "weights": list(weights.values())}
    rows = await db.all(_OF_FRIENDS, given | {"each": FOLLOWS_OF_EACH, "limit": _MOST})
    return [Lead(row.person_id, row.strength, tuple(row.known[:KNOWN])) for row in rows]


async def of_acts(db: Read, user_id: UUID) -> list[Lead]:
    """Authors with whom the person dealt three times or more in 90 days without following them.

    A comment weighs two likes, and the strength is the logarithm of the sum: the tenth like says less than the first.
    """
    since = clock.now() - LATELY
    first_id = UUID(int=int(since.timestamp() * 1000) << 80)
    given = {"user": user_id, "since": since, "first_id": first_id, "fewest": FEWEST_ACTS, "acts": ACTS}
    rows = await db.all(_OF_ACTS, given | {"comment": _COMMENT_WEIGHT, "limit": _MOST})
    return [Lead(row.person_id, log1p(row.weight)) for row in rows]


async def of_all(db: Read) -> list[Lead]:
    """Those who gained the most followers in a day; where that are few, in a week, a month, or three."""
    rows: Sequence[Any] = ()
    for days in (1, 7, 30, 90):
        since = clock.now() - timedelta(days=days)
        rows = await db.all(_OF_ALL, {"since": since, "limit": POPULAR})
        if len(rows) == POPULAR:
            break
    return [Lead(row.person_id, log1p(row.gained)) for row in rows]


_USER = bindparam("user", type_=Uuid)

# People the person follows or asked to are no news, and those who were dismissed stay away.
_NEW = "{person} not in (select followee_id from follows where follower_id = :user) and {person} <> :user"

_FRIENDS = text(
    """
    select followee_id from follows where follower_id = :user and state = 'ACTIVE'
    order by created_at desc, followee_id desc limit :limit
    """
).bindparams(_USER)

_OF_FRIENDS = text(
    f"""
    select followee_id as person_id, sum(weight) as strength,
        array_agg(follower_id order by weight desc, follower_id) as known
    from (
        select f.follower_id, f.followee_id, friends.weight,
            row_number() over (partition by f.follower_id order by f.created_at desc) as place
        from unnest(:friends, :weights) as friends (id, weight) join follows f on f.follower_id = friends.id
        where f.state = 'ACTIVE'
    ) followed
    where place <= :each and {_NEW.format(person="followee_id")}
    group by followee_id order by strength desc, followee_id limit :limit
    """  # noqa: S608 - constants
).bindparams(_USER, bindparam("friends", type_=ARRAY(Uuid)), bindparam("weights", type_=ARRAY(Float(53))))

_OF_ACTS = text(
    f"""
    select author_id as person_id, sum(weight) as weight from (
        (select author_id, 1.0 as weight from post_likes
        where liker_id = :user and created_at > :since order by created_at desc limit :acts)
        union all
        (select author_id, :comment from comments
        where commenter_id = :user and id > :first_id and deleted_at is null order by id desc limit :acts)
    ) acts
    where {_NEW.format(person="author_id")}
    group by author_id having count(*) >= :fewest order by weight desc, author_id limit :limit
    """  # noqa: S608 - constants
).bindparams(_USER, bindparam("first_id", type_=Uuid), bindparam("comment", type_=Float(53)))

_OF_ALL = text(
    """
    select followee_id as person_id, count(*) as gained from followers
    where created_at > :since and state = 'ACTIVE'
    group by followee_id order by gained desc, followee_id limit :limit
    """
)
