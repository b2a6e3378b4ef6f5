"""What people who look at posts are told live, from the tap of one to the socket of another."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.events import PostUpdated
from core.ids import PostId, UserId, new_uuid
from core.settings import Settings
from core.viewer import Viewer
from services import account_life, blocks, outbox
from services.posts import publish_when_ready
from tests.client import Client, mutation
from tests.factories.people import follow, person, stance
from tests.factories.posts import hidden_posts, post
from tests.factories.sessions import enter
from tests.factories.uploads import finish, upload
from tests.realtime.sockets import Api, api_on_a_port, working

WATCH = """subscription ($postIds: [ID!]!, $after: String) { postEvents(postIds: $postIds, after: $after) {
  __typename cursor occurredAt
  ... on PostEngagementEvent { post { id likeCount commentCount viewerHasLiked media { id } } }
  ... on PostUpdatedEvent { post { id status caption { text } author { handle } } }
  ... on PostRemovedEvent { removedPostId }
  ... on StreamResetEvent { reason }
} }"""
LIKE = "mutation ($id: ID!) { it: likePost(input: {postId: $id}) { errors { code } } }"
UNLIKE = LIKE.replace("likePost", "unlikePost")
COMMENT = 'mutation ($id: ID!) { it: addComment(input: {postId: $id, text: "Hi"}) { comment { id } errors { code } } }'
UNCOMMENT = "mutation ($id: ID!) { it: deleteComment(input: {commentId: $id}) { errors { code } } }"
APPROVE = "mutation ($ids: [ID!]!) { it: approveComments(input: {commentIds: $ids}) { errors { code } } }"
HIDE = APPROVE.replace("approveComments", "hideComments")
EDIT = mutation("updatePost")
DELETE = "mutation ($id: ID!) { it: deletePost(input: {postId: $id}) { errors { code } } }"

Token = Callable[[Viewer], Awaitable[str]]


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Api]:
    async with working(config), api_on_a_port(config) as running:
        yield running


@pytest.fixture
def token(backends: Backends) -> Token:
    async def of(viewer: Viewer) -> str:
        return (await enter(backends, viewer.user_id)).access_token

    return of


@pytest.fixture
async def picture(db: Database, ana: Viewer) -> PostId:
    return await post(db, ana, caption="Before")


@pytest.fixture
async def author(api: Api, token: Token, ana: Viewer) -> Client:
    """Ana's client."""
    return api.of(await token(ana))


async def do(client: Client, document: str, **variables: Any) -> Any:
    done = (await client.ask(document, **variables))["it"]
    assert done["errors"] == []
    return done


async def edit(client: Client, post_id: PostId, **changes: Any) -> None:
    await do(client, EDIT, input={"postId": str(post_id), **changes})


async def test_likes_comments_edits_and_the_end_are_told_to_another_person(
    api: Api, token: Token, db: Database, author: Client, picture: PostId
) -> None:
    ben, cleo = await token(await person(db, "ben")), api.of(await token(await person(db, "cleo")))
    id_ = str(picture)

    async with api.watching(ben, WATCH, postIds=[id_]) as watcher:
        await do(cleo, LIKE, id=id_)
        liked = await watcher.event()
        written = (await do(cleo, COMMENT, id=id_))["comment"]["id"]
        commented = await watcher.event()
        await edit(author, picture, caption="After")
        edited = await watcher.event()
        await do(cleo, UNCOMMENT, id=written)
        uncommented = await watcher.event()
        await do(cleo, UNLIKE, id=id_)
        unliked = await watcher.event()
        await do(author, DELETE, id=id_)
        removed = await watcher.event()

    counts = [event["post"] for event in (liked, commented, uncommented, unliked)]
    assert [(each["likeCount"], each["commentCount"]) for each in counts] == [(1, 0), (1, 1), (1, 0), (0, 0)]
    assert all(each["viewerHasLiked"] is False and len(each["media"]) == 1 for each in counts)
    assert (edited["__typename"], edited["post"]["caption"]) == ("PostUpdatedEvent", {"text": "After"})
    assert (removed["__typename"], removed["removedPostId"]) == ("PostRemovedEvent", id_)
    assert len({event["cursor"] for event in (liked, commented, edited, uncommented, unliked, removed)}) == 6


async def test_a_comment_that_waits_is_told_to_its_writer_and_the_author_alone(
    api: Api, token: Token, db: Database, ana: Viewer, author: Client, picture: PostId
) -> None:
    ben, cleo = await person(db, "ben"), await person(db, "cleo")
    await stance(db, ana, ben, restricted_at=clock.now())
    writer, id_ = api.of(await token(ben)), str(picture)
    watching = [api.watching(await token(each), WATCH, postIds=[id_]) for each in (ana, ben, cleo)]

    async with watching[0] as of_author, watching[1] as of_writer, watching[2] as of_other:
        held = (await do(writer, COMMENT, id=id_))["comment"]["id"]
        waiting = [await each.event() for each in (of_author, of_writer)]
        await do(author, APPROVE, ids=[held])
        approved = [await each.event() for each in (of_author, of_writer, of_other)]
        await do(author, HIDE, ids=[held])
        hidden = [await each.event() for each in (of_author, of_writer, of_other)]

    told = [[each["post"]["commentCount"] for each in events] for events in (waiting, approved, hidden)]
    assert told == [[1, 1], [1, 1, 1], [1, 1, 0]]
    assert {each["__typename"] for each in (*waiting, *approved, *hidden)} == {"PostEngagementEvent"}


async def test_of_whoever_has_gone_to_sleep_an_open_stream_tells_that_the_post_is_gone(
    api: Api, token: Token, db: Database, ana: Viewer, picture: PostId
) -> None:
    ben = await person(db, "ben")
    other, cleo = await post(db, ben), api.of(await token(await person(db, "cleo")))

    async with api.watching(await token(ben), WATCH, postIds=[str(picture), str(other)]) as watcher:
        await do(cleo, LIKE, id=str(picture))
        awake = await watcher.event()
        await db.write(lambda tx: account_life.deactivate(tx, ana, None))
        await db.write(partial(_tell_of, post_id=picture))
        await do(cleo, LIKE, id=str(other))
        told = [await watcher.event() for _ in range(2)]

    assert awake["post"]["id"] == str(picture)
    assert {each.get("removedPostId") for each in told} == {str(picture), None}
    assert [each["post"]["id"] for each in told if "post" in each] == [str(other)]


async def test_a_block_ends_what_either_side_watches_and_tells_nobody_else(
    api: Api, token: Token, db: Database, ana: Viewer, picture: PostId
) -> None:
    ben, cleo = await person(db, "ben"), await person(db, "cleo")
    his, like = await post(db, ben), api.of(await token(cleo))

    async with (
        api.watching(await token(ben), WATCH, postIds=[str(picture)]) as blocked,
        api.watching(await token(ana), WATCH, postIds=[str(his)]) as blocker,
        api.watching(await token(cleo), WATCH, postIds=[str(picture)]) as third,
    ):
        await db.write(partial(blocks.block_user, viewer=ana, user_id=ben.user_id))
        gone = [await blocked.event(), await blocker.event()]
        await do(like, LIKE, id=str(picture))
        other = await third.event()

    assert [each["removedPostId"] for each in gone] == [str(picture), str(his)]
    assert (other["__typename"], other["post"]["likeCount"]) == ("PostEngagementEvent", 1)


async def _tell_of(tx: Write, post_id: PostId) -> None:
    """A change of a post that comes late."""
    outbox.emit(tx, PostUpdated(author_id=post_id.author_id, post_id=post_id.id))


async def test_each_watcher_sees_the_post_with_own_eyes(api: Api, token: Token, db: Database, ana: Viewer) -> None:
    hides = await post(db, ana, hides_like_count=True)
    ben = await token(await person(db, "ben"))

    async with (
        api.watching(ben, WATCH, postIds=[str(hides)]) as of_ben,
        api.watching(await token(ana), WATCH, postIds=[str(hides)]) as of_ana,
        api.watching(None, WATCH, postIds=[str(hides)]) as of_nobody,
    ):
        await do(api.of(ben), LIKE, id=str(hides))
        seen = [(await watcher.event())["post"] for watcher in (of_ben, of_ana, of_nobody)]

    assert [(each["likeCount"], each["viewerHasLiked"]) for each in seen] == [(None, True), (1, False), (None, False)]


async def test_a_post_turned_to_followers_is_removed_for_strangers_and_comes_back(
    api: Api, token: Token, db: Database, ana: Viewer, author: Client, picture: PostId
) -> None:
    ben, cleo = await person(db, "ben"), await person(db, "cleo")
    await follow(db, cleo, ana)
    of_cleo = api.of(await token(cleo))

    async with (
        api.watching(await token(ben), WATCH, postIds=[str(picture)]) as stranger,
        api.watching(await token(cleo), WATCH, postIds=[str(picture)]) as follower,
    ):
        await edit(author, picture, audience="FOLLOWERS")
        removed, narrowed = await stranger.event(), await follower.event()
        await do(of_cleo, LIKE, id=str(picture))
        liked = await follower.event()
        await edit(author, picture, audience="PUBLIC", caption="Open")
        back = await stranger.event()

    assert removed["removedPostId"] == str(picture)
    assert (narrowed["__typename"], liked["post"]["likeCount"]) == ("PostUpdatedEvent", 1)
    assert (back["__typename"], back["post"]["caption"]) == ("PostUpdatedEvent", {"text": "Open"})


async def test_hidden_and_missing_posts_are_left_out_in_silence(
    api: Api, token: Token, db: Database, ana: Viewer, author: Client, picture: PostId
) -> None:
    hidden = await post(db, ana, audience="FOLLOWERS")
    ben = await token(await person(db, "ben"))
    nowhere = [*await hidden_posts(db), PostId(ana.user_id, new_uuid()), UserId(ana.user_id), "", "x" * 300]
    asked = [str(each) for each in (*nowhere, hidden, picture, picture)]

    async with api.watching(ben, WATCH, postIds=asked) as watcher:
        await edit(author, hidden, caption="Secret")
        await do(author, LIKE, id=str(hidden))
        await edit(author, picture, caption="Open")
        first = await watcher.event()

    assert first["post"]["caption"] == {"text": "Open"}


async def test_the_author_alone_is_told_when_a_waiting_post_is_published(
    api: Api, token: Token, db: Database, ana: Viewer, author: Client, picture: PostId
) -> None:
    waiting = await upload(db, ana, "PROCESSING")
    create = "mutation ($id: ID!) { createPost(input: {content: {photo: {uploadId: $id}}}) { post { id status } } }"
    made = (await author.ask(create, id=str(waiting)))["createPost"]["post"]
    ben = await token(await person(db, "ben"))

    async with (
        api.watching(await token(ana), WATCH, postIds=[made["id"]]) as of_ana,
        api.watching(ben, WATCH, postIds=[made["id"], str(picture)]) as of_ben,
    ):
        await finish(db, waiting)
        await db.write(lambda tx: publish_when_ready(tx, PostId.parse(made["id"])))
        published = await of_ana.event()
        await edit(author, picture, caption="Open")
        seen_by_ben = await of_ben.event()

    assert made["status"] == "PROCESSING"
    assert (published["__typename"], published["post"]["status"]) == ("PostUpdatedEvent", "PUBLISHED")
    assert seen_by_ben["post"]["id"] == str(picture)


async def test_every_event_is_read_afresh(
    api: Api, token: Token, db: Database, author: Client, picture: PostId
) -> None:
    ben = await token(await person(db, "ben"))

    async with api.watching(ben, WATCH, postIds=[str(picture)]) as watcher:
        captions = []
        for caption in ("One", "Two", "Three"):
            await edit(author, picture, caption=caption)
            captions.append((await watcher.event())["post"]["caption"]["text"])

    assert captions == ["One", "Two", "Three"]


@pytest.mark.parametrize("count", [0, 51])
async def test_between_one_and_fifty_posts_are_watched(api: Api, picture: PostId, count: int) -> None:
    async with api.subscribing(None, WATCH, postIds=[str(picture)] * count) as watcher:
        refused = await watcher.message()

    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_without_redis_events_come_by_looking_again(
    config: Settings, token: Token, db: Database, picture: PostId
) -> None:
    without = config.model_copy(update={"redis_url": "unix:///nowhere/valkey.sock"})
    ben, cleo = await token(await person(db, "ben")), await token(await person(db, "cleo"))

    async with (
        working(without),
        api_on_a_port(without) as api,
        api.watching(ben, WATCH, postIds=[str(picture)]) as watcher,
    ):
        await do(api.of(cleo), LIKE, id=str(picture))
        liked = await watcher.event()
        await do(api.of(cleo), COMMENT, id=str(picture))
        commented = await watcher.event()

    assert (liked["post"]["likeCount"], commented["post"]["commentCount"]) == (1, 1)


async def test_whoever_comes_back_is_told_once_that_a_post_is_gone_and_never_what_happens_to_it(
    api: Api, token: Token, db: Database, ana: Viewer, picture: PostId
) -> None:
    ben, cleo = await person(db, "ben"), api.of(await token(await person(db, "cleo")))
    his, of_ben = await post(db, ben), await token(ben)
    watched = [str(picture), str(his)]
    async with api.watching(of_ben, WATCH, postIds=watched) as watcher:
        await db.write(partial(blocks.block_user, viewer=ana, user_id=ben.user_id))
        cursor = (await watcher.event())["cursor"]

    told = []
    for change in (LIKE, UNLIKE):
        async with api.subscribing(of_ben, WATCH, postIds=watched, after=cursor) as watcher:
            for each in watched:
                await do(cleo, change, id=each)
            while "post" not in (event := await watcher.event()):
                told.append(event["removedPostId"])
            cursor = event["cursor"]

    assert told == [str(picture)]


async def test_whoever_is_cut_off_between_two_posts_that_are_gone_is_told_of_the_other_as_well(
    api: Api, token: Token, db: Database, ana: Viewer, picture: PostId
) -> None:
    ben, watched = await person(db, "ben"), [str(picture), str(await post(db, ana))]
    of_ben = await token(ben)
    async with api.subscribing(of_ben, WATCH, postIds=watched, after="from now on") as watcher:
        cursor = (await watcher.event())["cursor"]
    await db.write(partial(blocks.block_user, viewer=ana, user_id=ben.user_id))

    told = []
    for _ in watched:
        async with api.subscribing(of_ben, WATCH, postIds=watched, after=cursor) as watcher:
            event = await watcher.event()
            told.append(event["removedPostId"])
            cursor = event["cursor"]

    assert told == watched
