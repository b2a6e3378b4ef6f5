"""Blocks while other things happen between the two at the same moment."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from core.backends import Backends
from core.db import Database, Write
from core.errors import NotAllowed, NotFound
from core.ids import MediaId, PostId, UserId
from core.viewer import Viewer
from models.comments import Comment
from models.follows import Follow
from models.likes import PostLike
from models.posts import Post
from models.stances import Stance
from models.tags import MediaTag
from services import (
    blocks,
    close_friends,
    comments,
    consistency,
    follow_requests,
    follows,
    likes,
    parting,
    posts,
    tags,
)
from services.tags import Tag
from tests.factories.people import follow, person
from tests.factories.posts import post
from tests.services.test_follow_requests import one_after_the_other

Pair = tuple[Viewer, Viewer]
Verb = Callable[[Write, Viewer, Viewer], Awaitable[None]]
Act = Callable[[Write], Awaitable[None]]
Leave = Callable[[Write, Viewer, PostId, PostId], Awaitable[None]]


async def follow_other(tx: Write, one: Viewer, other: Viewer) -> None:
    await follows.follow_user(tx, one, other.user_id)


async def be_followed(tx: Write, one: Viewer, other: Viewer) -> None:
    await follows.follow_user(tx, other, one.user_id)


async def befriend(tx: Write, one: Viewer, other: Viewer) -> None:
    await close_friends.update(tx, one, [UserId(other.user_id)], [])


async def be_befriended(tx: Write, one: Viewer, other: Viewer) -> None:
    await close_friends.update(tx, other, [UserId(one.user_id)], [])


async def let_in(tx: Write, one: Viewer, other: Viewer) -> None:
    await follow_requests.approve(tx, one, other.user_id)


async def nothing_is_left(backends: Backends) -> bool:
    """No follow, no request, no close friend; and all that is counted or mirrored agrees with that."""
    async with backends.db.reading(fresh=True) as read:
        follows_left = await read.all(select(Follow.state))
        friends = await read.all(select(Stance.person_id).where(Stance.close_friend_since.is_not(None)))
        blocked = await read.all(select(Stance.person_id).where(Stance.blocked_at.is_not(None)))
    complaints = [each async for each in consistency.differences(backends)]
    return (follows_left, friends, len(blocked), complaints) == ([], [], 1, [])


@pytest.fixture
async def pair(db: Database) -> Pair:
    return await person(db, "ana"), await person(db, "ben")


@pytest.mark.parametrize("verb", [follow_other, be_followed, befriend, be_befriended])
async def test_what_begins_while_a_block_begins_does_not_survive_it(backends: Backends, pair: Pair, verb: Verb) -> None:
    ana, ben = pair

    async def block(tx: Write) -> None:
        await blocks.block_user(tx, ana, ben.user_id)

    async def other(tx: Write) -> None:
        await verb(tx, ana, ben)

    for first, second in ((block, other), (other, block)):
        outcomes = await one_after_the_other(backends.db, first, second)

        assert outcomes[0] is None
        assert first is other or isinstance(outcomes[1], NotFound | NotAllowed)
        assert await nothing_is_left(backends)
        await backends.db.write(lambda tx: blocks.unblock_user(tx, ana, ben.user_id))


@pytest.mark.parametrize("is_blocked_first", [True, False])
async def test_a_request_is_not_let_in_past_a_block(backends: Backends, pair: Pair, *, is_blocked_first: bool) -> None:
    ana, ben = pair
    await follow(backends.db, ben, ana, "PENDING")
    acts = [lambda tx: blocks.block_user(tx, ana, ben.user_id), lambda tx: let_in(tx, ana, ben)]

    await one_after_the_other(backends.db, *(acts if is_blocked_first else reversed(acts)))

    assert await nothing_is_left(backends)


async def test_both_block_each_other_at_once(backends: Backends, pair: Pair) -> None:
    ana, ben = pair

    outcomes = await one_after_the_other(
        backends.db,
        lambda tx: blocks.block_user(tx, ana, ben.user_id),
        lambda tx: blocks.block_user(tx, ben, ana.user_id),
    )

    assert outcomes == [None, None]
    async with backends.db.reading(fresh=True) as read:
        assert len(await read.all(select(Stance.blocked_at).where(Stance.blocked_at.is_not(None)))) == 2


async def like(tx: Write, guest: Viewer, picture: PostId, _: PostId) -> None:
    await likes.like_post(tx, guest, picture)


async def say(tx: Write, guest: Viewer, picture: PostId, _: PostId) -> None:
    await comments.add_comment(tx, guest, picture, "Nice!")


async def tag_host(tx: Write, guest: Viewer, picture: PostId, own: PostId) -> None:
    """Tag the author of a picture in one of one's own."""
    await tags.lock_post(tx, own)
    person = Tag(UserId(picture.author_id))
    await tags.tag(tx, guest, own, {MediaId(guest.user_id, own.id): [person]})


async def mention_host(tx: Write, guest: Viewer, _: PostId, own: PostId) -> None:
    """Name both, of whom one is the writer."""
    await posts.update_post(tx, guest, own, {"caption": "@ana and @ben"})


async def traces(db: Database) -> int:
    """How many likes, comments, tags and mentions of others there are."""
    remaining = (
        select(PostLike.post_id),
        select(Comment.id).where(Comment.deleted_at.is_(None)),
        select(MediaTag.post_id),
    )
    async with db.reading(fresh=True) as read:
        named = await read.scalars(select(Post.caption_mentions).where(Post.caption.is_not(None)))
        return sum([len(await read.all(each)) for each in remaining]) + sum(len(each) - 1 for each in named)


@pytest.mark.parametrize("is_blocker", [True, False])
@pytest.mark.parametrize("leave", [like, say, tag_host, mention_host])
async def test_what_is_left_while_a_block_begins_goes_with_it(
    backends: Backends, pair: Pair, leave: Leave, *, is_blocker: bool
) -> None:
    ana, ben = pair
    guest, host = (ana, ben) if is_blocker else (ben, ana)
    picture, own = await post(backends.db, host), await post(backends.db, guest)
    acts: list[Act] = [lambda tx: leave(tx, guest, picture, own), lambda tx: blocks.block_user(tx, ana, ben.user_id)]

    done = await one_after_the_other(backends.db, *acts)
    before = await traces(backends.db)
    await backends.db.write(lambda tx: parting.take_some(tx, ana.user_id, ben.user_id, 10))
    after = await traces(backends.db)
    await backends.db.write(lambda tx: blocks.unblock_user(tx, ana, ben.user_id))
    refused = await one_after_the_other(backends.db, *reversed(acts))

    assert (done, before, after) == ([None, None], 1, 0)
    assert leave is mention_host or isinstance(refused[1], NotFound | NotAllowed)
    assert await traces(backends.db) == 0
