"""The door: what comes through it, and in how many statements."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from core import clock
from core.db import Database
from core.ids import PostId, new_uuid
from core.paging import PostWant
from core.statements import counted
from core.viewer import Viewer
from models.stances import ReceivedStance
from services.comments import add_comment
from services.visibility import comments, posts, profiles
from services.visibility.alike import alike
from services.visibility.comment_counts import BLOCKERS
from services.visibility.relationships import relationships
from services.visibility.rows import SeenPosts
from services.visibility.rules import STRANGER, Relationship
from services.visibility.witness import WatchedViewer, Witness
from tests.factories.people import block, follow, people, person, stance
from tests.factories.posts import comment, post

ALL = PostWant(media=True, counts=True, flags=True, previews=True)


async def _seen(db: Database, viewer: Viewer, ids: list[PostId], want: PostWant = ALL) -> SeenPosts:
    async with db.reading() as read:
        return await posts.posts(read, viewer, ids, want)


@pytest.mark.parametrize(
    ("author_facts", "post_facts"),
    [
        ({"status": "SUSPENDED"}, {}),
        ({"status": "DELETED"}, {}),
        ({"is_private": True}, {}),
        ({}, {"status": "PROCESSING", "published_at": None}),
        ({}, {"status": "FAILED", "published_at": None}),
        ({}, {"audience": "FOLLOWERS"}),
    ],
)
async def test_hidden_posts_bring_nothing_through_the_door(
    db: Database, author_facts: dict[str, Any], post_facts: dict[str, Any]
) -> None:
    ana, ben = await person(db, "ana", **author_facts), await person(db, "ben")
    hidden = await post(db, ana, **post_facts)
    await comment(db, ben, hidden)

    for viewer in (ben, Viewer()):
        seen = await _seen(db, viewer, [hidden])
        assert (seen.posts, seen.media, seen.counts, seen.liked, seen.previews) == ({}, {}, {}, {}, {})
        assert ana.id not in seen.users


async def test_a_page_costs_few_statements_however_long_it_is(db: Database) -> None:
    viewer = await person(db, "viewer")
    shown = []
    for number in range(6):
        author = await person(db, f"author{number}")
        shown.append(await post(db, author))
        await comment(db, viewer, shown[-1])

    with counted() as statements:
        seen = await _seen(db, viewer, shown)

    assert set(seen.posts) == set(shown)
    assert len(statements) <= 2


async def test_previews_prefer_followed_people_and_leave_out_suspended_ones(db: Database) -> None:
    ana, ben, eva = await person(db, "ana"), await person(db, "ben"), await person(db, "eva")
    gone = await person(db, "gone", status="SUSPENDED")
    picture = await post(db, ana)
    of_ben = await comment(db, ben, picture)
    await comment(db, eva, picture)
    newer_of_eva = await comment(db, eva, picture)
    await comment(db, gone, picture)
    await follow(db, ana, ben)
    await follow(db, ana, gone)

    seen = await _seen(db, ana, [picture])

    assert [one.id for one in seen.previews[picture]] == [of_ben, newer_of_eva]


async def test_a_suspended_profile_keeps_its_handle_alone(db: Database) -> None:
    ana = await person(db, "ana", status="SUSPENDED", bio="Secret", pronouns="she")

    async with db.reading() as read:
        seen = (await profiles.users(read, Viewer(), [ana.user_id]))[ana.user_id]

    assert (seen.handle, seen.display_name, seen.bio, seen.pronouns) == ("ana", "ana", None, None)
    assert seen.access == "UNAVAILABLE"


async def test_comments_go_with_their_post(db: Database) -> None:
    ana, ben = await person(db, "ana", is_private=True), await person(db, "ben")
    hidden = await post(db, ana)
    written = await comment(db, ben, hidden)

    async with db.reading() as read:
        of_ben = await comments.comments(read, ben, [written])
        of_ana = await comments.comments(read, ana, [written])

    assert of_ben.comments == {}
    assert set(of_ana.comments) == {written}


CHOICES = {
    "blocked_at": ("blocks", "blocked_by"),
    "restricted_at": ("restricts", "restricted_by"),
    "close_friend_since": ("is_close_friend", "close_friend_of"),
}


@pytest.mark.parametrize("choice", CHOICES)
async def test_both_ways_to_ask_for_a_relationship_know_what_each_chose(db: Database, choice: str) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await stance(db, ana, ben, **{choice: clock.now()})
    own, received = CHOICES[choice]

    for viewer, other, fact in ((ana, ben, own), (ben, ana, received)):
        async with db.reading() as read:
            found = (await relationships(read, viewer, [other.user_id]))[other.user_id]
            seen = await profiles.users(read, viewer, [other.user_id])
        facts: dict[str, Any] = {fact: True}
        assert found == replace(STRANGER, **facts)
        assert fact == "blocked_by" or seen[other.user_id].relationship == found


async def test_who_mutes_or_waits_is_known_both_ways_too(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    await stance(db, ana, ben, muted_at=clock.now(), mutes=["POSTS", "STORIES"])
    await follow(db, ben, ana, "PENDING")

    async with db.reading() as read:
        found = (await relationships(read, ana, [ben.user_id]))[ben.user_id]
        seen = (await profiles.users(read, ana, [ben.user_id]))[ben.user_id]

    assert found == seen.relationship == Relationship(mutes=("POSTS", "STORIES"), has_requested_viewer=True)


async def test_who_blocks_somebody_is_nowhere_for_them_and_keeps_their_head(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    of_ana, of_ben = await post(db, ana), await post(db, ben)
    await block(db, ana, ben)

    async with db.reading() as read:
        assert await profiles.users(read, ben, [ana.user_id]) == {}
        head = (await profiles.users(read, ana, [ben.user_id]))[ben.user_id]

    assert (head.access, head.handle) == ("BLOCKED_BY_VIEWER", "ben")
    for viewer in (ana, ben):
        seen = await _seen(db, viewer, [of_ana, of_ben])
        assert set(seen.posts) == {of_ana if viewer is ana else of_ben}


@pytest.mark.parametrize("is_watched", [False, True])
async def test_comments_of_either_side_of_a_block_make_room_for_others(db: Database, *, is_watched: bool) -> None:
    ana, ben, cleo, dora = await people(db, "ana", "ben", "cleo", "dora")
    picture = await post(db, dora)
    of_dora = await comment(db, dora, picture)
    hidden = [await comment(db, writer, picture) for writer in (ben, cleo, ben)]
    await comment(db, cleo, picture, state="HELD")
    await block(db, ana, ben)
    await block(db, cleo, ana)
    viewer = WatchedViewer(ana, Witness()) if is_watched else ana

    seen = await _seen(db, viewer, [picture])
    async with db.reading() as read:
        by_id = await comments.comments(read, ana, hidden)

    assert [one.id for one in seen.previews[picture]] == [of_dora]
    assert by_id.comments == {}


async def test_who_blocks_the_writer_is_not_told_what_others_are(db: Database) -> None:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    picture, witness = await post(db, ana), Witness()
    await comment(db, ben, picture)
    await _seen(db, WatchedViewer(Viewer(), witness), [picture], PostWant(previews=True))
    await block(db, cleo, ben)

    async with db.reading() as read:
        assert await alike(read, witness, [ben, cleo, Viewer()]) == [False, False, True]


async def test_a_comment_held_back_is_seen_by_its_writer_and_the_author_alone(db: Database) -> None:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    held = await comment(db, ben, await post(db, ana), state="HELD")

    async with db.reading() as read:
        seen = [bool((await comments.comments(read, each, [held])).comments) for each in (ana, ben, cleo, Viewer())]

    assert seen == [True, True, False, False]


async def test_close_friends_see_what_is_for_them_and_nobody_what_is_for_the_author(db: Database) -> None:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    for_friends, for_ana = await post(db, ana, audience="CLOSE_FRIENDS"), await post(db, ana, audience="ONLY_ME")
    await follow(db, cleo, ana)
    await stance(db, ana, ben, close_friend_since=clock.now())

    seen = {name: set((await _seen(db, who, [for_friends, for_ana])).posts) for name, who in (("a", ana), ("b", ben))}

    assert seen == {"a": {for_friends, for_ana}, "b": {for_friends}}
    assert (await _seen(db, cleo, [for_friends, for_ana])).posts == {}


async def test_of_very_many_who_block_somebody_the_last_ones_are_looked_at(db: Database) -> None:
    early, late, ben, eva = [await person(db, name) for name in ("early", "late", "ben", "eva")]
    picture = await post(db, eva)
    for writer, hours in ((early, 2), (late, 0)):
        await db.write(partial(add_comment, viewer=writer, post_id=picture, words="Nice!"))
        await stance(db, writer, ben, blocked_at=clock.now() - timedelta(hours=hours))
    counts = PostWant(comment_counts=True)
    few = (await _seen(db, ben, [picture], counts)).comment_counts
    crowd = {"person_id": ben.user_id, "blocked_at": clock.now() - timedelta(hours=1)}
    rows = [crowd | {"owner_id": new_uuid()} for _ in range(BLOCKERS)]
    await db.write(lambda tx: tx.execute(insert(ReceivedStance), rows))

    many = (await _seen(db, ben, [picture], counts)).comment_counts

    assert (few, many) == ({picture: 0}, {picture: 1})
