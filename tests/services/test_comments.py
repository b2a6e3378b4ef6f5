"""Commenting on posts."""

import pytest

from core.db import Database
from core.errors import Invalid, NotAllowed, NotFound
from core.ids import CommentId, PostId
from core.paging import Window
from services import comments, counters
from services.comments import Order
from services.visibility import posts
from tests.factories.people import follow, person
from tests.factories.posts import comment, post


async def _count(db: Database, post_id: PostId) -> int:
    async with db.reading() as read:
        found = await counters.read(read, [(post_id.author_id, post_id.id)])
    return found[post_id.author_id, post_id.id].get("comments", 0)


async def test_a_comment_counts_and_its_deletion_counts_back(db: Database) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)

    written = await db.write(lambda tx: comments.add_comment(tx, ben, picture, "Nice!"))
    after_writing = await _count(db, picture)
    await db.write(lambda tx: comments.delete_comment(tx, ben, written))

    assert (after_writing, await _count(db, picture)) == (1, 0)
    with pytest.raises(NotFound):
        await db.write(lambda tx: comments.delete_comment(tx, ben, written))


async def test_the_author_of_the_post_deletes_any_comment_and_others_none(db: Database) -> None:
    ana, ben, eva = await person(db, "ana"), await person(db, "ben"), await person(db, "eva")
    picture = await post(db, ana)
    written = await comment(db, ben, picture)

    with pytest.raises(NotAllowed):
        await db.write(lambda tx: comments.delete_comment(tx, eva, written))
    assert await db.write(lambda tx: comments.delete_comment(tx, ana, written)) == picture


@pytest.mark.parametrize(("audience", "follows", "followed", "reason"), [
    ("NOBODY", True, True, "COMMENTS_OFF"),
    ("FOLLOWERS", False, True, "AUDIENCE"),
    ("FOLLOWERS", True, False, None),
    ("FOLLOWING", True, False, "AUDIENCE"),
    ("FOLLOWING", False, True, None),
    ("EVERYONE", False, False, None),
])  # fmt: skip
async def test_the_author_chooses_who_comments(
    db: Database, audience: str, follows: bool, followed: bool, reason: str | None
) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana, comment_audience=audience)
    if follows:
        await follow(db, ben, ana)
    if followed:
        await follow(db, ana, ben)

    try:
        await db.write(lambda tx: comments.add_comment(tx, ben, picture, "Nice!"))
        refused = None
    except NotAllowed as refusal:
        refused = refusal.reason

    assert refused == reason
    assert await _count(db, picture) == (0 if reason else 1)


async def test_the_author_always_comments(db: Database) -> None:
    ana = await person(db, "ana")
    picture = await post(db, ana, comment_audience="NOBODY")

    await db.write(lambda tx: comments.add_comment(tx, ana, picture, "Mine."))

    assert await _count(db, picture) == 1


async def test_blank_text_is_refused(db: Database) -> None:
    ana = await person(db, "ana")
    picture = await post(db, ana)

    with pytest.raises(Invalid):
        await db.write(lambda tx: comments.add_comment(tx, ana, picture, " \n "))


@pytest.mark.parametrize("order", ["TOP", "NEWEST", "OLDEST"])
async def test_pages_follow_each_other_in_every_order(db: Database, order: Order) -> None:
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)
    written = [await comment(db, ben, picture, f"{number}") for number in range(5)]

    async with db.reading() as read:
        seen = await posts.require_post(read, ana, picture)
        (first,) = await comments.pages(read, ana, order, [(seen, Window(2))])
        (rest,) = await comments.pages(read, ana, order, [(seen, Window(5, first.cursors[-1]))])

    expected: list[CommentId] = written if order == "OLDEST" else written[::-1]
    assert [*first.ids, *rest.ids] == expected


async def test_comments_of_followed_people_are_on_top(db: Database) -> None:
    ana, ben, eva = await person(db, "ana"), await person(db, "ben"), await person(db, "eva")
    picture = await post(db, ana)
    early = await comment(db, ben, picture)
    late = await comment(db, eva, picture)
    await follow(db, ana, ben)

    async with db.reading() as read:
        seen = await posts.require_post(read, ana, picture)
        (page,) = await comments.pages(read, ana, "TOP", [(seen, Window(5))])

    assert list(page.ids) == [early, late]
