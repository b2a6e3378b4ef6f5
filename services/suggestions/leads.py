"""Where suggestions come from: people followed by those one follows, people one deals with, and popular ones.

Every source looks at a bounded sample, however many people somebody follows and however much they like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, log, log1p, radians, sin, sqrt
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import ARRAY, Float, Uuid, bindparam, text

from core import clock
from core.db import Read
from services import counters

Kind = Literal["FOLLOWED_BY_FOLLOWED", "CLOSE_TIE", "NEARBY", "POPULAR"]
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
NEAR_KM: Final = 50
SPOTS: Final = 20
_SPOTS_OF_ALL: Final = 2000
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
    given = {"user": user_id, "since": since, "first_id": _id_at(since), "fewest": FEWEST_ACTS, "acts": ACTS}
    rows = await db.all(_OF_ACTS, given | {"comment": _COMMENT_WEIGHT, "limit": _MOST})
    return [Lead(row.person_id, log1p(row.weight)) for row in rows]


async def of_places(db: Read, user_id: UUID, popular: Sequence[Lead]) -> list[Lead]:
    """Those of the popular people who posted publicly within 50 km of where the person did, both in 90 days.

    Nothing else says where somebody is: what is suggested as near tells no more than the posts themselves.
    """
    first_id = _id_at(clock.now() - LATELY)
    own = await db.all(_SPOTS, {"user": user_id, "first_id": first_id, "limit": SPOTS})
    if not own or not popular:
        return []
    given = {"people": [lead.person_id for lead in popular], "first_id": first_id, "limit": _SPOTS_OF_ALL}
    near = {
        row.author_id
        for row in await db.all(_SPOTS_OF_MANY, given)
        if any(_km(row.latitude, row.longitude, spot.latitude, spot.longitude) <= NEAR_KM for spot in own)
    }
    return [lead for lead in popular if lead.person_id in near]


async def of_all(db: Read) -> list[Lead]:
    """Those who gained the most followers in a day; where that are few, in a week, a month, or three."""
    rows: Sequence[Any] = ()
    for days in (1, 7, 30, 90):
        since = clock.now() - timedelta(days=days)
        rows = await db.all(_OF_ALL, {"since": since, "limit": POPULAR})
        if len(rows) == POPULAR:
            break
    return [Lead(row.person_id, log1p(row.gained)) for row in rows]


def _id_at(moment: datetime) -> UUID:
    """The least id that something made at this moment may have."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance of two spots by the haversine formula, on a sphere with the earth's mean radius (IUGG)."""
    south, north = radians(latitude), radians(other_latitude)
    east = radians(other_longitude - longitude)
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(east / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(min(chord, 1.0)))


_USER = bindparam("user", type_=Uuid)
_FIRST_ID = bindparam("first_id", type_=Uuid)

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
).bindparams(_USER, _FIRST_ID, bindparam("comment", type_=Float(53)))

_SPOTS = text(
    """
    select p.latitude, p.longitude from (
        select place_id from posts
        where author_id = :user and status = 'PUBLISHED' and deleted_at is null and place_id is not null
        and id >= :first_id order by id desc limit :limit
    ) lately join places p on p.id = lately.place_id
    """
).bindparams(_USER, _FIRST_ID)

_SPOTS_OF_MANY = text(
    """
    select lately.author_id, p.latitude, p.longitude from (
        select distinct author_id, place_id from posts
        where author_id = any(:people) and status = 'PUBLISHED' and deleted_at is null and place_id is not null
        and audience = 'PUBLIC' and id >= :first_id limit :limit
    ) lately join users u on u.id = lately.author_id join places p on p.id = lately.place_id
    where not u.is_private
    """
).bindparams(bindparam("people", type_=ARRAY(Uuid)), _FIRST_ID)

_OF_ALL = text(
    """
    select followee_id as person_id, count(*) as gained from followers
    where created_at > :since and state = 'ACTIVE'
    group by followee_id order by gained desc, followee_id limit :limit
    """
)
