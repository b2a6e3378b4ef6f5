"""Tags when people act at once, and what a block takes away."""

import asyncio
from functools import partial
from typing import Any

from sqlalchemy import select, update

from core.db import Database, Write
from core.ids import MediaId, UserId
from core.viewer import Viewer
from models.comments import Comment
from models.posts import Post
from models.profiles import User
from models.tags import MediaTag, TaggedPost
from services import posts, tags
from services.media import describing
from services.tags import Tag
from tests.factories.people import person
from tests.factories.posts import comment, post
from tests.factories.tags import picture_of, tag
from tests.services.locks import until_somebody_waits


async def say(db: Database, author: Viewer, media_id: MediaId, *people: Viewer) -> None:
    """Let these be the people in a picture."""
    changes = {"tags": [Tag(UserId(each.user_id)) for each in people]}
    await db.write(partial(describing.update_media, viewer=author, media_id=media_id, changes=changes))


async def named(db: Database) -> tuple[set[Any], set[Any]]:
    """Who stands in which post, as the tags say and as the lists say."""
    async with db.reading(fresh=True) as read:
        tagged = await read.all(select(MediaTag.post_id, MediaTag.person_id))
        in_lists = await read.all(select(TaggedPost.post_id, TaggedPost.person_id))
    return {tuple(row) for row in tagged}, {tuple(row) for row in in_lists}


async def test_whoever_leaves_while_another_is_added_is_gone(db: Database, ana: Viewer, ben: Viewer) -> None:
    shown, cleo = await post(db, ana), await person(db, "cleo")
    media_id = await tag(db, shown, ben)
    held, go = asyncio.Event(), asyncio.Event()

    async def leave(tx: Write) -> None:
        await tags.remove_own(tx, ben, shown)
        held.set()
        await go.wait()

    leaving = asyncio.create_task(db.write(leave))
    await held.wait()
    adding = asyncio.create_task(say(db, ana, media_id, cleo))
    await until_somebody_waits(db)
    go.set()
    await asyncio.gather(leaving, adding)

    assert await named(db) == ({(shown.id, cleo.user_id)}, {(shown.id, cleo.user_id)})


async def test_tags_and_lists_agree_after_all_that_happens_at_once(db: Database, ana: Viewer) -> None:
    people, shown = [await person(db, f"fan{number}") for number in range(3)], await post(db, ana)
    media_id = await picture_of(db, shown)

    async def leave(who: Viewer) -> None:
        await db.write(lambda tx: tags.remove_own(tx, who, shown))

    for _ in range(3):
        acts = [say(db, ana, media_id, *people[:number]) for number in range(4)]
        await asyncio.gather(*acts, *(leave(each) for each in people))
        tagged, in_lists = await named(db)
        assert tagged == in_lists


async def test_nobody_is_tagged_in_a_post_that_goes_meanwhile(db: Database, ana: Viewer, ben: Viewer) -> None:
    shown = await post(db, ana)
    media_id = await picture_of(db, shown)
    acts = (db.write(lambda tx: posts.delete_post(tx, ana, shown)), say(db, ana, media_id, ben))

    await asyncio.gather(*acts, return_exceptions=True)

    assert await named(db) == (set(), set())


async def test_what_names_either_at_the_others_is_taken_away(db: Database, ana: Viewer, ben: Viewer) -> None:
    cleo = await person(db, "cleo")
    everybody = {each: {handle: str(UserId(each.user_id))} for handle, each in (("ana", ana), ("ben", ben))}
    others = {"cleo": str(UserId(cleo.user_id)), **everybody[ana], **everybody[ben]}
    of_cleo = await post(db, cleo, caption="@ana @ben", caption_mentions=others)
    await tag(db, of_cleo, ana, ben)
    for author in (ana, ben):
        for _ in range(3):
            shown = await post(db, author, caption="@ana, @ben and @cleo", caption_mentions=others)
            await tag(db, shown, ana, ben, cleo)
            await comment(db, author, of_cleo, "@ana, @ben and @cleo", mentions=others)
        bio = update(User).where(User.id == author.user_id).values(bio="@ana @ben @cleo", bio_mentions=others)
        await db.write(partial(Write.execute, statement=bio))
    rounds = [False]

    while not rounds[-1]:
        rounds.append(await db.write(lambda tx: tags.remove_between(tx, ana.user_id, ben.user_id, 2)))
    again = await db.write(lambda tx: tags.remove_between(tx, ben.user_id, ana.user_id, 2))

    assert again
    assert 6 < len(rounds) < 20
    for author, gone in ((ana, "ben"), (ben, "ana")):
        kept = {handle: user_id for handle, user_id in others.items() if handle != gone}
        async with db.reading(fresh=True) as read:
            captions = await read.scalars(select(Post.caption_mentions).where(Post.author_id == author.user_id))
            said = await read.scalars(select(Comment.mentions).where(Comment.commenter_id == author.user_id))
            bio_mentions = await read.scalar(select(User.bio_mentions).where(User.id == author.user_id))
        assert [*captions, *said, bio_mentions] == [kept] * 7
    tagged, in_lists = await named(db)
    assert len(tagged) == 2 + 3 * 2 * 2
    assert in_lists == {pair for pair in tagged if pair not in await own_posts(db)}
    assert {person_id for post_id, person_id in tagged if post_id == of_cleo.id} == {ana.user_id, ben.user_id}


async def own_posts(db: Database) -> set[Any]:
    """Tags of authors in their own posts, which stand in no list."""
    async with db.reading(fresh=True) as read:
        own = select(MediaTag.post_id, MediaTag.person_id).where(MediaTag.person_id == MediaTag.author_id)
        return {tuple(row) for row in await read.all(own)}


async def test_a_person_who_goes_is_taken_off_piece_by_piece(db: Database, ana: Viewer, ben: Viewer) -> None:
    shown = [await post(db, ana) for _ in range(3)]
    for each in shown:
        await tag(db, each, ana, ben)

    counts = [await db.write(lambda tx: tags.forget_person(tx, ben.user_id, 2)) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert await named(db) == ({(each.id, ana.user_id) for each in shown}, set())
