"""Whether what is derived agrees with the rows it comes from: counts, mirrors, timelines, files."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, select, text, tuple_

from core import clock
from core.backends import Backends
from core.db import Database
from core.redis import CacheUnavailable
from models.comments import Comment
from models.follows import Follow, Follower
from models.profiles import User
from models.stances import ReceivedStance, Stance
from models.tags import MediaTag, TaggedPost
from services.feed import reading
from services.media import sweeping

OWNERS: Final = 500
EDGES: Final = 1000
IN_FLIGHT: Final = timedelta(minutes=1)


async def differences(backends: Backends) -> AsyncIterator[str]:
    """One sentence for each difference; none if all is well. What changes while it looks is not held against it."""
    async for owners in _owners(backends.db):
        for statement in (_COUNTS, _STUCK):
            for row in await _rows(backends.db, statement, owners):
                yield row.complaint
        for mirrored in (_one_sided, _stances, _tags, _comments):
            for complaint in await mirrored(backends.db, owners):
                yield complaint
        for complaint in await _timelines(backends, owners):
            yield complaint
    async with backends.db.reading(fresh=True) as db:
        sides = (await db.all(_DIRECTIONS))[0]
    if sides.there != sides.back:
        yield f"{sides.there} follows have {sides.back} mirrors"
    if sides.chosen != sides.received:
        yield f"{sides.chosen} stances have {sides.received} mirrors"
    for complaint in await sweeping.consistency(backends.db, backends.store):
        yield complaint


async def _timelines(backends: Backends, owners: Sequence[UUID]) -> list[str]:
    """Posts that complete timelines lack; without Redis there is none to look at."""
    since = clock.now() - IN_FLIGHT
    try:
        missing = await reading.missing_entries(backends.db, backends.cache, owners, since)
    except CacheUnavailable:
        return []
    return [f"the timeline of {user_id} lacks {post_id}" for user_id, post_id in missing]


async def _one_sided(db: Database, owners: Sequence[UUID]) -> list[str]:
    """Follows without their mirror. The two stand on different shards, so one is looked up, not joined."""
    edges = select(Follow.follower_id, Follow.followee_id, Follow.state).where(Follow.follower_id.in_(owners))
    async with db.reading(fresh=True) as read:
        found = {tuple(row) for row in await read.all(edges)}
        pairs = tuple_(Follower.follower_id, Follower.followee_id)
        mirrored = select(Follower.follower_id, Follower.followee_id, Follower.state)
        for some in _pieces(sorted(found, key=str)):
            found -= {tuple(row) for row in await read.all(mirrored.where(pairs.in_([edge[:2] for edge in some])))}
    return [f"{follower} follows {followee} without a mirror" for follower, followee, _ in found]


async def _stances(db: Database, owners: Sequence[UUID]) -> list[str]:
    """Stances whose mirror is not there or says something else, and blocks that left a follow."""
    mirrored = ("owner_id", "person_id", "blocked_at", "restricted_at", "close_friend_since")
    there, back = ([getattr(table, name) for name in mirrored] for table in (Stance, ReceivedStance))
    async with db.reading(fresh=True) as read:
        rows: Sequence[Any] = await read.all(select(*there).where(Stance.owner_id.in_(owners)))
        found = {tuple(row) for row in rows}
        blocks = [(owner, person) for owner, person, blocked_at, *_ in rows if blocked_at is not None]
        for some in _pieces(sorted(found, key=str)):
            pairs = tuple_(ReceivedStance.owner_id, ReceivedStance.person_id).in_([row[:2] for row in some])
            found -= {tuple(row) for row in await read.all(select(*back).where(pairs))}
        left = list[tuple[Any, ...]]()
        for some in _pieces(sorted(blocks)):
            for edge in ((Follow.follower_id, Follow.followee_id), (Follow.followee_id, Follow.follower_id)):
                left += [tuple(row) for row in await read.all(select(*edge).where(tuple_(*edge).in_(some)))]
    return [
        *(f"the stance of {owner} to {person} has no mirror" for owner, person, *_ in found),
        *(f"{owner} blocks {person}, and a follow is left between them" for owner, person in left),
    ]


async def _tags(db: Database, owners: Sequence[UUID]) -> list[str]:
    """People in posts of these authors whose lists lack the post, and entries of these people's lists without a tag."""
    in_posts = (MediaTag.person_id, MediaTag.author_id, MediaTag.post_id)
    in_lists = (TaggedPost.person_id, TaggedPost.author_id, TaggedPost.post_id)
    others = (MediaTag.author_id.in_(owners), MediaTag.person_id != MediaTag.author_id)
    async with db.reading(fresh=True) as read:
        tagged = {tuple(row) for row in await read.all(select(*in_posts).where(*others))}
        listed = {tuple(row) for row in await read.all(select(*in_lists).where(TaggedPost.person_id.in_(owners)))}
        for some in _pieces(sorted(tagged)):
            tagged -= {tuple(row) for row in await read.all(select(*in_lists).where(tuple_(*in_lists).in_(some)))}
        for some in _pieces(sorted(listed)):
            listed -= {tuple(row) for row in await read.all(select(*in_posts).where(tuple_(*in_posts).in_(some)))}
    return [
        *(f"{person} is tagged in {post_id}, which the person's list lacks" for person, _, post_id in tagged),
        *(f"{post_id} stands in the list of {person}, who is not tagged in it" for person, _, post_id in listed),
    ]


async def _comments(db: Database, owners: Sequence[UUID]) -> list[str]:
    """Comments under posts of these authors that count though their writers left, or do not though they are there."""
    before = clock.now() - IN_FLIGHT
    settled = (Comment.deleted_at.is_(None), Comment.created_at < before)
    said = select(Comment.commenter_id, Comment.is_counted).where(Comment.author_id.in_(owners), *settled).distinct()
    async with db.reading(fresh=True) as read:
        found: Sequence[Any] = await read.all(said)
        is_wrong = set[tuple[UUID, bool]]()
        for some in _pieces(found):
            writers = select(User.id, User.status).where(
                User.id.in_([row[0] for row in some]), User.updated_at < before
            )
            is_wrong |= {(row.id, row.status != "ACTIVE") for row in await read.all(writers)}
    wrong = sorted({tuple(row) for row in found} & is_wrong)
    return [f"comments of {writer} {'are' if counted else 'are not'} counted" for writer, counted in wrong]


def _pieces(edges: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (edges[start : start + EDGES] for start in range(0, len(edges), EDGES))


async def _owners(db: Database) -> AsyncIterator[Sequence[UUID]]:
    after: UUID | None = None
    while True:
        statement = select(User.id).order_by(User.id).limit(OWNERS)
        if after is not None:
            statement = statement.where(User.id > after)
        async with db.reading(fresh=True) as read:
            owners = await read.scalars(statement)
        if not owners:
            return
        yield owners
        after = owners[-1]


async def _rows(db: Database, statement: TextClause, owners: Sequence[UUID]) -> Sequence[Any]:
    parameters: dict[str, Any] = {"owners": list(owners)}
    if statement is _STUCK:
        parameters["before"] = clock.now() - IN_FLIGHT
    async with db.reading(fresh=True) as read:
        return await read.all(statement, parameters)


_OWNERS = bindparam("owners", type_=ARRAY(Uuid))

# Truth and stored value are read by one statement, and so at one moment.
# unguarded: the system counts
_COUNTS = text(
    """
    select format('%s of %s: %s are counted, there are %s', name, subject_id, sum(counted), sum(truth)) as complaint
    from (
        select author_id, subject_id, name, value as counted, 0 as truth from counters
        where author_id = any(:owners)
        union all
        select author_id, subject_id, name, delta, 0 from counter_deltas where author_id = any(:owners)
        union all
        select author_id, post_id, 'likes', 0, count(*) from post_likes
        where author_id = any(:owners) group by author_id, post_id
        union all
        select author_id, post_id, case when state = 'VISIBLE' then 'comments' else 'comments_held' end, 0, count(*)
        from comments
        where author_id = any(:owners) and deleted_at is null and is_counted group by author_id, post_id, 3
        union all
        select followee_id, followee_id, 'followers', 0, count(*) from followers
        where followee_id = any(:owners) and state = 'ACTIVE' group by followee_id
        union all
        select follower_id, follower_id, 'following', 0, count(*) from follows
        where follower_id = any(:owners) and state = 'ACTIVE' group by follower_id
        union all
        select author_id, author_id, 'posts_' || lower(audience), 0, count(*) from posts
        where author_id = any(:owners) and published_at is not null and deleted_at is null group by author_id, audience
    ) numbers
    group by author_id, subject_id, name having sum(counted) <> sum(truth)
    """
).bindparams(_OWNERS)

_DIRECTIONS = text(
    """
    select (select count(*) from follows) as there, (select count(*) from followers) as back,
        (select count(*) from stances) as chosen, (select count(*) from received_stances) as received
    """
)

_STUCK = text(
    """
    select format('post %s waits although its media are ready', p.id) as complaint
    from posts p join media m on m.author_id = p.author_id and m.post_id = p.id
    where p.author_id = any(:owners) and p.status = 'PROCESSING' and p.deleted_at is null and p.created_at < :before
    group by p.author_id, p.id having bool_and(m.status = 'READY')
    """
).bindparams(_OWNERS)
