"""What it costs to judge who may see what: `python -m bench.visibility`."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy import text

from bench.stage import stage
from core.backends import Backends
from core.db import Database, Read
from core.ids import CommentId, MediaId, PostId
from core.paging import PostWant
from core.settings import settings
from core.statements import counted
from core.viewer import Viewer
from services.visibility import comments, media, posts, profiles, rules
from services.visibility.relationships import relationships

AUTHORS: Final = range(2, 42)
POSTS_OF_EACH: Final = 5
PAGE: Final = 34
PER_KIND: Final = 25
EVERYTHING: Final = PostWant(media=True, counts=True, flags=True, previews=True)
Judge = Callable[[Read], Awaitable[int]]


def main() -> None:
    """Load forty authors and somebody who looks at them, if they are not there, and print what judging costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with stage("visibility"):
        asyncio.run(_run(rounds))


async def _run(rounds: int) -> None:
    backends = Backends.open(settings())
    await _fill(backends.db)
    print(f"{'asked for':<52}{'seen':>6}{'statements':>12}{'CPU ms p50':>12}{'us an object':>14}{'wall ms p50':>13}")
    viewer = Viewer(id=_id(1))
    for name, asked, judge in (
        (f"a page of {PAGE} posts with authors, pictures, comments", PAGE * 4, _page(viewer)),
        ("  the same, signed out", PAGE * 4, _page(Viewer())),
        (f"{PER_KIND} posts by id", PER_KIND, _posts(viewer)),
        (f"{PER_KIND} people by id", PER_KIND, _people(viewer)),
        (f"{PER_KIND} comments by id, with posts and writers", PER_KIND * 3, _comments(viewer)),
        (f"{PER_KIND} pictures by id, with posts and owners", PER_KIND * 3, _media(viewer)),
        ("how the viewer stands to 100 people", 100, _standing(viewer)),
    ):
        await _measure(backends.db, name, asked, judge, rounds)
    _measure_rules(rounds * 100)
    await backends.aclose()


async def _measure(db: Database, name: str, asked: int, judge: Judge, rounds: int) -> None:
    cpu, wall, seen = list[float](), list[float](), 0
    async with db.reading() as read:
        with counted() as statements:
            await judge(read)
        for _ in range(rounds):
            began, spent = time.perf_counter(), time.process_time()
            seen = await judge(read)
            cpu.append((time.process_time() - spent) * 1000)
            wall.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(cpu)
    print(
        f"{name:<52}{seen:>6}{len(statements):>12}{middle:>12.2f}{middle / asked * 1000:>14.1f}"
        f"{statistics.median(wall):>13.2f}"
    )


def _measure_rules(rounds: int) -> None:
    """The rules without anything read, for a post of somebody whom the viewer follows."""
    stands, facts = rules.Relationship(follows=True), rules.PostFacts("PUBLISHED", "CLOSE_FRIENDS", is_deleted=False)
    spent = time.process_time()
    for _ in range(rounds):
        access = rules.profile_access("ACTIVE", True, stands)  # noqa: FBT003 - a fact of a row
        rules.profile_wall("ACTIVE", stands)
        rules.post_wall(facts, access, stands)
    print(f"{'the rules of a post alone':<52}{'':>42}{(time.process_time() - spent) / rounds * 1e6:>2.2f}")


def _page(viewer: Viewer) -> Judge:
    ids = [PostId(_id(author), _thing(author, n)) for n in range(POSTS_OF_EACH) for author in AUTHORS][:PAGE]

    async def judge(db: Read) -> int:
        seen = await posts.posts(db, viewer, ids, EVERYTHING)
        inside = sum(len(each) for shown in (seen.media, seen.previews) for each in shown.values())
        return len(seen.posts) + len(seen.users) + inside

    return judge


def _posts(viewer: Viewer) -> Judge:
    ids = [PostId(_id(author), _thing(author, 0)) for author in AUTHORS][:PER_KIND]

    async def judge(db: Read) -> int:
        return len((await posts.posts(db, viewer, ids, PostWant())).posts)

    return judge


def _people(viewer: Viewer) -> Judge:
    ids = [_id(author) for author in AUTHORS][:PER_KIND]

    async def judge(db: Read) -> int:
        return len(await profiles.users(db, viewer, ids))

    return judge


def _comments(viewer: Viewer) -> Judge:
    ids = [CommentId(_id(author), _thing(author, 100)) for author in AUTHORS][:PER_KIND]

    async def judge(db: Read) -> int:
        return len((await comments.comments(db, viewer, ids)).comments)

    return judge


def _media(viewer: Viewer) -> Judge:
    ids = [MediaId(_id(author), _thing(author, 0)) for author in AUTHORS][:PER_KIND]

    async def judge(db: Read) -> int:
        return len(await media.media(db, viewer, ids))

    return judge


def _standing(viewer: Viewer) -> Judge:
    people = [_id(number) for number in range(2, 102)]

    async def judge(db: Read) -> int:
        return len(await relationships(db, viewer, people))

    return judge


def _id(number: int) -> UUID:
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


def _thing(author: int, number: int) -> UUID:
    """The post or picture of an author; a comment is the hundredfold of its post, and up."""
    return _id(author * 1000 + number)


_NUMBERED: Final = "('01900000-0000-7000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
_VIEWER: Final = _NUMBERED.format(1)
_WHEN: Final = "timestamptz '2026-01-01'"
_PEOPLE: Final = "generate_series(1, 600) n"
_ALL_POSTS: Final = "generate_series(2, 41) n, generate_series(0, 4) k"
_FOLLOWED: Final = "generate_series(2, 501) n where n % 5 <> 0 and n not in (3, 13, 7, 17)"
_POST: Final = _NUMBERED.format("n * 1000 + k")

_STEPS: Final = (
    f"""
    insert into users (
        id, handle, display_name, bio_mentions, links, is_verified, is_private, status, created_at, updated_at
    )
    select {_NUMBERED.format("n")}, 'p' || n, 'P' || n, '{{}}', '[]', false, n % 4 = 0, 'ACTIVE', {_WHEN}, {_WHEN}
    from {_PEOPLE}
    """,  # noqa: S608 - constants
    f"""
    insert into follows (follower_id, followee_id, state, created_at)
    select {_VIEWER}, {_NUMBERED.format("n")}, 'ACTIVE', {_WHEN} from {_FOLLOWED}
    """,  # noqa: S608 - constants
    f"""
    insert into followers (followee_id, follower_id, state, created_at)
    select {_NUMBERED.format("n")}, {_VIEWER}, 'ACTIVE', {_WHEN} from {_FOLLOWED}
    """,  # noqa: S608 - constants
    f"""
    insert into stances (owner_id, person_id, blocked_at, mutes)
    select {_VIEWER}, {_NUMBERED.format("n")}, {_WHEN}, '{{}}'
    from (select 3 n union select 13 union select * from generate_series(551, 600)) blocked
    """,  # noqa: S608 - constants
    f"""
    insert into received_stances (person_id, owner_id, blocked_at, close_friend_since)
    select {_VIEWER}, {_NUMBERED.format("n")}, case when n in (7, 17) then {_WHEN} end,
        case when n not in (7, 17) and n % 3 = 0 then {_WHEN} end
    from generate_series(2, 41) n where n in (7, 17) or n % 3 = 0
    """,  # noqa: S608 - constants
    f"""
    insert into posts (
        author_id, id, shortcode, kind, status, audience, caption, caption_mentions, media_count, comment_audience,
        hides_like_count, is_sensitive, created_at, published_at
    )
    select {_NUMBERED.format("n")}, {_POST}, n || 'x' || k, 'PHOTO', 'PUBLISHED',
        (array['PUBLIC', 'FOLLOWERS', 'CLOSE_FRIENDS', 'ONLY_ME', 'PUBLIC'])[1 + (n + k) % 5], 'A caption', '{{}}', 1,
        'EVERYONE', false, false, {_WHEN}, {_WHEN}
    from {_ALL_POSTS}
    """,  # noqa: S608 - constants
    f"""
    insert into media (
        author_id, id, post_id, position, status, width, height, focal_x, focal_y, is_public, renditions, created_at
    )
    select {_NUMBERED.format("n")}, {_POST}, {_POST}, 0, 'READY', 1080, 1350, 0.5, 0.5, false, '[]', {_WHEN}
    from {_ALL_POSTS}
    """,  # noqa: S608 - constants
    f"""
    insert into comments (author_id, id, post_id, commenter_id, text, mentions, state, created_at)
    select {_NUMBERED.format("n")}, {_NUMBERED.format("n * 1000 + k + 100 + c * 10")}, {_POST},
        {_NUMBERED.format("42 + (n * 7 + k * 11 + c * 131) % 559")}, 'A comment', '{{}}',
        case when (n + c) % 9 = 0 then 'HELD' else 'VISIBLE' end, {_WHEN}
    from {_ALL_POSTS}, generate_series(0, 3) c
    """,  # noqa: S608 - constants
)


async def _fill(db: Database) -> None:
    async with db.transaction() as tx:
        if not await tx.scalar(text("select exists (select from posts)")):
            for step in _STEPS:
                await tx.execute(text(step))
    async with db.reading() as read:
        for table in ("users", "follows", "followers", "stances", "received_stances", "posts", "media", "comments"):
            await read.execute(text(f"analyze {table}"))


if __name__ == "__main__":
    main()
