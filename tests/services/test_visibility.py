"""The door: what comes through it, and in how many statements."""

from typing import Any

import pytest

from core.db import Database
from core.ids import PostId
from core.paging import PostWant
from core.statements import counted
from core.viewer import Viewer
from services.visibility import comments, posts, profiles
from services.visibility.rows import SeenPosts
from tests.factories.people import follow, person
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
