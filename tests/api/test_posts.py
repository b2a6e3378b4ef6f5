"""Posts as clients publish, change, delete and find them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.db import Database
from core.ids import MediaId, PlaceId, PostId, UploadId, UserId, new_uuid
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from models.posts import Place, Post
from services.posts import publish_when_ready
from tests.api.conftest import SignIn
from tests.client import Client, call, mutation, serving
from tests.factories.people import follow, people, person
from tests.factories.posts import comment, hidden_posts, post
from tests.factories.uploads import finish, upload
from tests.tables import content

ERRORS = """errors { __typename code path isRetryable
  ... on ValidationError { constraint limit } ... on NotFoundError { id } ... on NotAllowedError { reason }
  ... on MediaError { upload { id state } } }"""
POST = """{
  id kind status audience mediaCount shortcode url createdAt publishedAt editedAt isSensitive hidesLikeCount
  likeCount viewerHasLiked commentCount commentAudience viewerCanEdit viewerCanComment viewerCannotCommentReason
  caption { text segments { __typename text ... on MentionSegment { user { handle } } ... on LinkSegment { url } } }
  author { handle } mentions { handle } cover { id } media { id altText status }
  place { id name coordinates { latitude longitude } url } commentPreview { id } comments { nodes { id } }
  likers { nodes { id } }
}"""
CREATE = mutation(
    "createPost", f"post {POST} postEdge {{ cursor node {{ id }} }} viewer {{ user {{ postCount }} }} {ERRORS}"
)
UPDATE = mutation("updatePost", f"post {POST} {ERRORS}")
DELETE = mutation("deletePost", f"deletedPostId viewer {{ user {{ postCount }} }} {ERRORS}")
READ = f"query ($by: PostLookup!) {{ post(by: $by) {POST} }}"
GRID = """query ($id: ID!, $first: Int, $after: String, $kinds: [PostKind!]) {
  node(id: $id) { ... on User { postCount posts(first: $first, after: $after, kinds: $kinds) {
    nodes { id } edges { cursor node { id cover { url } likeCount commentCount viewerHasLiked author { handle } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } }
}"""


@pytest.fixture
async def stranger(sign_in: SignIn, db: Database) -> Client:
    """The client of Ben, who follows nobody."""
    return await sign_in(await person(db, "ben"))


def photo(upload_id: object, **more: Any) -> dict[str, Any]:
    return {"content": {"photo": {"uploadId": str(upload_id), **more}}}


def carousel(*upload_ids: object) -> dict[str, Any]:
    return {"content": {"carousel": {"items": [{"uploadId": str(each)} for each in upload_ids]}}}


async def read(client: Client, post_id: object) -> Any:
    return (await client.ask(READ, by={"id": str(post_id)}))["post"]


async def grid(client: Client, who: Viewer, **window: Any) -> Any:
    return (await client.ask(GRID, id=str(UserId(who.user_id)), **window))["node"]


def ids(connection: Any) -> list[str]:
    return [node["id"] for node in connection["nodes"]]


def refusals(payload: Any) -> list[tuple[str, str, list[str] | None]]:
    return [(error["__typename"], error["code"], error["path"]) for error in payload["errors"]]


async def count(db: Database) -> int:
    async with db.reading(fresh=True) as read_from:
        return int(await read_from.scalar(select(func.count()).select_from(Post)))


async def test_a_photo_of_a_ready_upload_is_published_at_once(
    api: Client, client: Client, db: Database, ana: Viewer
) -> None:
    used = await upload(db, ana)

    done = await call(client, CREATE, **photo(used, altText="A boat"), caption="Hello @ana #sea https://example.com/x")

    made = done["post"]
    assert done["errors"] == []
    assert (made["kind"], made["status"], made["audience"], made["mediaCount"]) == ("PHOTO", "PUBLISHED", "PUBLIC", 1)
    assert (made["likeCount"], made["commentCount"], made["viewerHasLiked"]) == (0, 0, False)
    assert (made["viewerCanEdit"], made["viewerCanComment"], made["editedAt"]) == (True, True, None)
    assert made["media"] == [{"id": made["cover"]["id"], "altText": "A boat", "status": "READY"}]
    assert [(each["__typename"], each["text"]) for each in made["caption"]["segments"]] == [
        ("PlainSegment", "Hello "),
        ("MentionSegment", "@ana"),
        ("PlainSegment", " "),
        ("HashtagSegment", "#sea"),
        ("PlainSegment", " "),
        ("LinkSegment", "https://example.com/x"),
    ]
    assert made["mentions"] == [{"handle": "ana"}]
    assert done["postEdge"]["node"]["id"] == made["id"]
    assert done["viewer"]["user"]["postCount"] == 1
    for by in ({"id": made["id"]}, {"shortcode": made["shortcode"]}):
        assert (await api.ask(READ, by=by))["post"]["caption"] == made["caption"]
    shown = await grid(api, ana)
    assert (ids(shown["posts"]), shown["posts"]["edges"][0]["cursor"]) == ([made["id"]], done["postEdge"]["cursor"])


@pytest.mark.parametrize("state", ["OPEN", "PROCESSING"])
async def test_a_post_waits_for_its_uploads_and_is_seen_by_its_author_alone(
    client: Client, stranger: Client, db: Database, ana: Viewer, state: str
) -> None:
    waiting = await upload(db, ana, state)

    done = await call(client, CREATE, **carousel(await upload(db, ana), waiting))
    made = done["post"]
    seen_before = await read(stranger, made["id"])
    await finish(db, waiting)
    await db.write(lambda tx: publish_when_ready(tx, PostId.parse(made["id"])))

    assert (made["status"], made["kind"], made["publishedAt"]) == ("PROCESSING", "CAROUSEL", None)
    assert done["viewer"]["user"]["postCount"] == 0
    assert seen_before is None
    published = await read(stranger, made["id"])
    assert (published["status"], len(published["media"])) == ("PUBLISHED", 2)
    assert (await grid(stranger, ana))["postCount"] == 1


async def test_uploads_that_cannot_be_used_are_refused_with_their_place(
    client: Client, db: Database, ana: Viewer
) -> None:
    good, failed, avatar = (
        await upload(db, ana),
        await upload(db, ana, "FAILED"),
        await upload(db, ana, purpose="AVATAR"),
    )
    used = await upload(db, ana)
    await call(client, CREATE, **photo(used))
    foreign = await upload(db, await person(db, "eva"))
    unknown = UploadId(ana.user_id, new_uuid())
    expected: list[tuple[object, str, str]] = [
        (failed, "MediaError", "MEDIA_REJECTED"),
        (avatar, "ValidationError", "INVALID"),
        (used, "ValidationError", "INVALID"),
        (good, "ValidationError", "INVALID"),
        (foreign, "NotFoundError", "NOT_FOUND"),
        (unknown, "NotFoundError", "NOT_FOUND"),
        (UserId(ana.user_id), "NotFoundError", "NOT_FOUND"),
        ("", "NotFoundError", "NOT_FOUND"),
        ("garbage", "NotFoundError", "NOT_FOUND"),
    ]
    before = await content(db)

    for bad, kind, code in expected:
        refused = await call(client, CREATE, **carousel(good, bad), caption="Hello")
        path = ["input", "content", "carousel", "items", "1", "uploadId"]
        assert (refused["post"], refused["postEdge"], refused["viewer"]) == (None, None, None)
        assert refusals(refused) == [(kind, code, path)]

    assert await content(db) == before


async def test_a_failed_upload_is_named_in_the_refusal(client: Client, db: Database, ana: Viewer) -> None:
    failed = await upload(db, ana, "FAILED")

    (error,) = (await call(client, CREATE, **photo(failed)))["errors"]

    assert error["upload"] == {"id": str(failed), "state": "FAILED"}
    assert error["path"] == ["input", "content", "photo", "uploadId"]


@pytest.mark.parametrize(("pictures", "code", "constraint"), [
    (0, "TOO_FEW", ("minItems", 2)),
    (1, "TOO_FEW", ("minItems", 2)),
    (2, None, None),
    (20, None, None),
    (21, "TOO_MANY", ("maxItems", 20)),
])  # fmt: skip
async def test_a_carousel_has_two_to_twenty_pictures(
    client: Client, db: Database, ana: Viewer, pictures: int, code: str | None, constraint: tuple[str, int] | None
) -> None:
    uploads = [await upload(db, ana) for _ in range(pictures)]

    done = await call(client, CREATE, **carousel(*uploads))

    if code is None:
        assert (done["errors"], done["post"]["mediaCount"]) == ([], pictures)
        pictures_in_order = [str(MediaId(each.user_id, each.id)) for each in uploads]
        assert [each["id"] for each in done["post"]["media"]] == pictures_in_order
    else:
        (error,) = done["errors"]
        assert (error["code"], (error["constraint"], error["limit"])) == (code, constraint)
        assert error["path"] == ["input", "content", "carousel", "items"]
        assert await count(db) == 0


@pytest.mark.parametrize("key", ["key-of-one-tap", "\U0001f642" * 8, "k" * 128], ids=["plain", "emoji", "longest"])
async def test_the_same_key_answers_the_first_post_again(client: Client, db: Database, ana: Viewer, key: str) -> None:
    given = {**photo(await upload(db, ana)), "caption": "Once", "idempotencyKey": key}

    first = await call(client, CREATE, **given)
    before = await content(db)
    again = await call(client, CREATE, **given)
    mismatch = await call(client, CREATE, **{**given, "caption": "Twice"})

    assert again == first
    assert await count(db) == 1
    assert refusals(mismatch) == [("GenericError", "IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])]
    after = await content(db)
    assert {name for name in before if before[name] != after[name]} == {"idempotency_keys"}


async def test_one_key_at_the_same_time_makes_one_post(client: Client, db: Database, ana: Viewer) -> None:
    given = {**photo(await upload(db, ana)), "idempotencyKey": "key of one tap"}

    answers = await asyncio.gather(*(call(client, CREATE, **given) for _ in range(5)))

    assert len({answer["post"]["id"] for answer in answers}) == 1
    assert await count(db) == 1


async def test_one_upload_at_the_same_time_is_used_once(client: Client, db: Database, ana: Viewer) -> None:
    given = photo(await upload(db, ana))

    answers = await asyncio.gather(*(call(client, CREATE, **given) for _ in range(4)))

    assert sorted(answer["errors"][0]["code"] if answer["errors"] else "" for answer in answers) == [
        "",
        *["INVALID"] * 3,
    ]
    assert await count(db) == 1


async def test_a_key_belongs_to_one_person_and_a_refusal_frees_it(
    client: Client, stranger: Client, db: Database, ana: Viewer
) -> None:
    ben = (await stranger.ask("{ viewer { user { id } } }"))["viewer"]["user"]["id"]
    theirs = await upload(db, Viewer(id=UserId.parse(ben).id))
    mine = await upload(db, ana)

    refused = await call(client, CREATE, **photo(theirs), idempotencyKey="a shared key")
    of_ben = await call(stranger, CREATE, **photo(theirs), idempotencyKey="a shared key")
    of_ana = await call(client, CREATE, **photo(mine), idempotencyKey="a shared key")

    assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]
    assert (of_ben["errors"], of_ana["errors"]) == ([], [])


@pytest.mark.parametrize("document", [CREATE, UPDATE], ids=["create", "update"])
@pytest.mark.parametrize(("bad", "code", "constraint", "path"), [
    ({"caption": "x" * 2201}, "TOO_LONG", "maxLength", ["caption"]),
    ({"caption": "\U0001f642" * 2201}, "TOO_LONG", "maxLength", ["caption"]),
    ({"caption": "nul \0"}, "BAD_FORMAT", None, ["caption"]),
    ({"place": {"custom": {"name": "x" * 101, "coordinates": {"latitude": 0, "longitude": 0}}}},
     "TOO_LONG", "maxLength", ["place", "custom", "name"]),
    ({"place": {"custom": {"name": "", "coordinates": {"latitude": 0, "longitude": 0}}}},
     "TOO_SHORT", "minLength", ["place", "custom", "name"]),
    ({"place": {"custom": {"name": " \n", "coordinates": {"latitude": 0, "longitude": 0}}}},
     "REQUIRED", None, ["place", "custom", "name"]),
    ({"place": {"custom": {"name": "Sea", "coordinates": {"latitude": 90.1, "longitude": 0}}}},
     "OUT_OF_RANGE", "max", ["place", "custom", "coordinates", "latitude"]),
])  # fmt: skip
async def test_bad_words_and_places_are_told_and_change_nothing(
    client: Client,
    db: Database,
    ana: Viewer,
    *,
    document: str,
    bad: dict[str, Any],
    code: str,
    constraint: str | None,
    path: list[str],
) -> None:
    target = {"postId": str(await post(db, ana))} if document is UPDATE else photo(await upload(db, ana))
    before = await content(db)

    refused = await call(client, document, **target, **bad)

    (error,) = refused["errors"]
    assert (error["__typename"], error["code"], error["constraint"]) == ("ValidationError", code, constraint)
    assert error["path"] == ["input", *path]
    assert await content(db) == before


async def test_all_breaches_are_told_at_once(client: Client, db: Database, ana: Viewer) -> None:
    refused = await call(
        client,
        CREATE,
        **photo(await upload(db, ana), altText="x" * 1001, focalPoint={"x": 1.5, "y": -1}),
        caption="x" * 2201,
        idempotencyKey="short",
    )

    assert {tuple(path or ()) for _, _, path in refusals(refused)} == {
        ("input", "content", "photo", "altText"),
        ("input", "content", "photo", "focalPoint", "x"),
        ("input", "content", "photo", "focalPoint", "y"),
        ("input", "caption"),
        ("input", "idempotencyKey"),
    }


async def test_the_longest_texts_pass_and_emoji_count_as_one(client: Client, db: Database, ana: Viewer) -> None:
    place = {"custom": {"name": "\U0001f3d6" * 100, "coordinates": {"latitude": -90, "longitude": 180}}}
    longest = "\U0001f642" * 2200

    done = await call(client, CREATE, **photo(await upload(db, ana), altText="é" * 1000), caption=longest, place=place)

    assert done["errors"] == []
    assert done["post"]["caption"]["text"] == longest
    assert done["post"]["place"]["name"] == "\U0001f3d6" * 100


async def test_a_spot_with_the_same_name_is_one_place(client: Client, db: Database, ana: Viewer) -> None:
    spot = {"custom": {"name": " Cais do Sodré ", "coordinates": {"latitude": 38.7058011, "longitude": -9.1443}}}

    first = (await call(client, CREATE, **photo(await upload(db, ana)), place=spot))["post"]["place"]
    again = (await call(client, CREATE, **photo(await upload(db, ana)), place=spot))["post"]["place"]
    by_id = await call(client, CREATE, **photo(await upload(db, ana)), place={"placeId": first["id"]})

    assert first["name"] == "Cais do Sodré"
    assert first["coordinates"] == {"latitude": 38.705801, "longitude": -9.1443}
    assert again == first == by_id["post"]["place"]
    async with db.reading() as reading:
        assert await reading.scalar(select(func.count()).select_from(Place)) == 1


async def test_an_unknown_place_is_not_found(client: Client, db: Database, ana: Viewer) -> None:
    unused = await upload(db, ana)
    before = await content(db)

    for bad in (PlaceId(new_uuid()), UserId(ana.user_id), "", "plc_x"):
        refused = await call(client, CREATE, **photo(unused), place={"placeId": str(bad)})
        assert refusals(refused) == [("NotFoundError", "NOT_FOUND", ["input", "place", "placeId"])]

    assert await content(db) == before


async def test_nulls_are_read_as_defaults_when_creating(client: Client, db: Database, ana: Viewer) -> None:
    nothing = dict.fromkeys(("caption", "place", "commentAudience", "hideLikeCount", "idempotencyKey"))

    done = await call(client, CREATE, **photo(await upload(db, ana), altText=None, focalPoint=None), **nothing)

    made = done["post"]
    assert (done["errors"], made["caption"], made["place"]) == ([], None, None)
    assert (made["commentAudience"], made["hidesLikeCount"], made["media"][0]["altText"]) == ("EVERYONE", False, None)


@pytest.mark.parametrize(
    "content_input", [{}, {"photo": None}, {"photo": {"uploadId": "x"}, "carousel": {"items": []}}, None]
)
async def test_content_is_exactly_one_thing(client: Client, content_input: Any) -> None:
    assert await client.refusal(CREATE, input={"content": content_input}) == "BAD_USER_INPUT"


async def test_a_post_for_followers_is_seen_by_them_alone(
    api: Client, client: Client, stranger: Client, sign_in: SignIn, db: Database, ana: Viewer
) -> None:
    cleo = await person(db, "cleo")
    await follow(db, cleo, ana)

    made = (await call(client, CREATE, **photo(await upload(db, ana)), audience="FOLLOWERS"))["post"]

    seen = [bool(await read(each, made["id"])) for each in (client, await sign_in(cleo), stranger, api)]
    assert seen == [True, True, False, False]
    assert ids((await grid(stranger, ana))["posts"]) == []
    assert (await api.ask(READ, by={"shortcode": made["shortcode"]}))["post"] is None


async def test_a_hidden_like_count_shows_to_the_author_alone(
    api: Client, client: Client, stranger: Client, db: Database, ana: Viewer
) -> None:
    made = (await call(client, CREATE, **photo(await upload(db, ana)), hideLikeCount=True, isSensitive=True))["post"]
    like = "mutation ($id: ID!) { likePost(input: {postId: $id}) { post { likeCount viewerHasLiked } } }"

    liked = (await stranger.ask(like, id=made["id"]))["likePost"]["post"]

    assert (made["hidesLikeCount"], made["isSensitive"], made["likeCount"]) == (True, True, 0)
    assert liked == {"likeCount": None, "viewerHasLiked": True}
    assert (await read(api, made["id"]))["likeCount"] is None
    assert (await read(client, made["id"]))["likeCount"] == 1


@pytest.mark.parametrize(("audience", "reasons"), [
    ("EVERYONE", [None, None, None]),
    ("FOLLOWERS", [None, "AUDIENCE", "AUDIENCE"]),
    ("FOLLOWING", ["AUDIENCE", None, "AUDIENCE"]),
    ("NOBODY", ["COMMENTS_OFF", "COMMENTS_OFF", "COMMENTS_OFF"]),
])  # fmt: skip
async def test_the_author_says_who_may_comment(
    api: Client,
    client: Client,
    sign_in: SignIn,
    db: Database,
    ana: Viewer,
    *,
    audience: str,
    reasons: list[str | None],
) -> None:
    follower, followed, neither = await people(db, "follower", "followed", "neither")
    await follow(db, follower, ana)
    await follow(db, ana, followed)

    made = (await call(client, CREATE, **photo(await upload(db, ana)), commentAudience=audience))["post"]

    seen = [await read(await sign_in(each), made["id"]) for each in (follower, followed, neither)]
    assert [each["viewerCannotCommentReason"] for each in seen] == reasons
    assert [each["viewerCanComment"] for each in seen] == [reason is None for reason in reasons]
    assert (made["viewerCanComment"], made["viewerCannotCommentReason"]) == (True, None)
    signed_out = await read(api, made["id"])
    assert (signed_out["viewerCanComment"], signed_out["viewerCannotCommentReason"]) == (False, None)


async def test_only_what_is_named_changes(client: Client, db: Database, ana: Viewer) -> None:
    spot = {"custom": {"name": "Pier", "coordinates": {"latitude": 1, "longitude": 2}}}
    made = (await call(client, CREATE, **photo(await upload(db, ana)), caption="Before", place=spot))["post"]

    unchanged = await call(client, UPDATE, postId=made["id"])
    edited = await call(client, UPDATE, postId=made["id"], caption="After @ana")
    cleared = await call(
        client, UPDATE, postId=made["id"], caption=None, place=None, isSensitive=True, commentAudience="NOBODY"
    )
    reset = await call(client, UPDATE, postId=made["id"], isSensitive=None, commentAudience=None, hideLikeCount=None)

    assert unchanged["post"] == made
    assert (edited["post"]["caption"]["text"], edited["post"]["place"]) == ("After @ana", made["place"])
    assert edited["post"]["mentions"] == [{"handle": "ana"}]
    assert edited["post"]["editedAt"] is not None
    assert (cleared["post"]["caption"], cleared["post"]["place"], cleared["post"]["mentions"]) == (None, None, [])
    assert (cleared["post"]["isSensitive"], cleared["post"]["commentAudience"]) == (True, "NOBODY")
    assert reset["post"] == {
        **cleared["post"],
        "isSensitive": False,
        "commentAudience": "EVERYONE",
        "viewerCanComment": True,
    }


async def test_the_same_caption_again_is_no_edit(client: Client, db: Database, ana: Viewer) -> None:
    made = (await call(client, CREATE, **photo(await upload(db, ana)), caption="Same"))["post"]

    again = await call(client, UPDATE, postId=made["id"], caption="Same")

    assert again["post"] == made


async def test_the_same_changes_again_leave_nothing_behind(client: Client, db: Database, ana: Viewer) -> None:
    made = await post(db, ana)
    spot = {"custom": {"name": "Pier", "coordinates": {"latitude": 1, "longitude": 2}}}
    changes = {"caption": "By the sea with @ana", "place": spot, "commentAudience": "NOBODY", "hideLikeCount": True}
    first = await call(client, UPDATE, postId=str(made), **changes)
    before = await content(db)

    again = await call(client, UPDATE, postId=str(made), **changes)

    assert again == first
    assert await content(db) == before


async def test_null_never_opens_a_post_to_a_larger_audience(
    client: Client, stranger: Client, db: Database, ana: Viewer
) -> None:
    made = await post(db, ana, audience="FOLLOWERS")
    before = await content(db)

    refused = await call(client, UPDATE, postId=str(made), audience=None, caption="x")

    assert refusals(refused) == [("ValidationError", "REQUIRED", ["input", "audience"])]
    assert await content(db) == before
    assert await read(stranger, made) is None


@pytest.mark.parametrize("document", [UPDATE, DELETE], ids=["update", "delete"])
async def test_only_the_author_changes_a_post(
    api: Client, stranger: Client, db: Database, ana: Viewer, document: str
) -> None:
    shown, hidden = await post(db, ana), await hidden_posts(db)
    nowhere = [PostId(ana.user_id, new_uuid()), UserId(ana.user_id), "", "pst_garbage"]
    before = await content(db)

    refused = await call(stranger, document, postId=str(shown))

    assert refused["errors"][0]["reason"] == "NOT_OWNER"
    for each in (*hidden, *nowhere):
        answer = await call(stranger, document, postId=str(each))
        assert refusals(answer) == [("NotFoundError", "NOT_FOUND", ["input", "postId"])]
        assert answer["errors"][0]["id"] == str(each)
    assert await api.refusal(document, input={"postId": str(shown)}) == "UNAUTHENTICATED"
    assert await content(db) == before


async def test_a_suspended_account_posts_nothing(sign_in: SignIn, db: Database) -> None:
    eva = await person(db, "eva", status="SUSPENDED")
    client = await sign_in(eva)

    assert await client.refusal(CREATE, input=photo(await upload(db, eva))) == "ACCOUNT_RESTRICTED"
    assert await client.refusal(DELETE, input={"postId": str(await post(db, eva))}) == "ACCOUNT_RESTRICTED"


async def test_a_deleted_post_is_gone_everywhere_at_once(
    client: Client, sign_in: SignIn, db: Database, ana: Viewer
) -> None:
    cleo = await person(db, "cleo")
    await follow(db, cleo, ana)
    reader = await sign_in(cleo)
    made = (await call(client, CREATE, **photo(await upload(db, ana))))["post"]
    written = await comment(db, cleo, PostId.parse(made["id"]))
    everywhere = """query ($post: ID!, $shortcode: String!, $comment: ID!, $media: ID!, $author: ID!, $url: URL!) {
      node(id: $post) { id } nodes(ids: [$post, $comment, $media]) { id } resource(url: $url) { id }
      byId: post(by: {id: $post}) { id } byShortcode: post(by: {shortcode: $shortcode}) { id }
      comment(id: $comment) { id } author: node(id: $author) { ... on User { postCount posts { nodes { id } } } }
      viewer { homeFeed { nodes { ... on Post { id } } } }
    }"""
    asked = {"post": made["id"], "shortcode": made["shortcode"], "comment": str(written), "url": made["url"]}
    asked |= {"media": made["media"][0]["id"], "author": str(UserId(ana.user_id))}
    before = await reader.ask(everywhere, **asked)

    done = await call(client, DELETE, postId=made["id"])
    after = await reader.ask(everywhere, **asked)

    assert [each["id"] for each in before["nodes"]] == [made["id"], str(written), asked["media"]]
    assert len(before["viewer"]["homeFeed"]["nodes"]) == 1
    assert (done["deletedPostId"], done["errors"], done["viewer"]["user"]["postCount"]) == (made["id"], [], 0)
    assert after == {
        "node": None,
        "nodes": [None, None, None],
        "resource": None,
        "byId": None,
        "byShortcode": None,
        "comment": None,
        "author": {"postCount": 0, "posts": {"nodes": []}},
        "viewer": {"homeFeed": {"nodes": []}},
    }


async def test_deleting_again_is_not_found_and_counts_once(client: Client, db: Database, ana: Viewer) -> None:
    used = [await upload(db, ana) for _ in range(2)]
    made = [(await call(client, CREATE, **photo(each)))["post"]["id"] for each in used]

    answers = await asyncio.gather(*(call(client, DELETE, postId=made[0]) for _ in range(4)))

    again = await call(client, DELETE, postId=made[0])
    assert {code for answer in answers for _, code, _ in refusals(answer)} <= {"NOT_FOUND"}
    assert refusals(again) == [("NotFoundError", "NOT_FOUND", ["input", "postId"])]
    assert (await grid(client, ana))["postCount"] == 1


async def test_a_waiting_post_that_was_deleted_is_never_published(client: Client, db: Database, ana: Viewer) -> None:
    waiting = await upload(db, ana, "PROCESSING")
    made = (await call(client, CREATE, **photo(waiting)))["post"]["id"]

    done = await call(client, DELETE, postId=made)
    await finish(db, waiting)
    await db.write(lambda tx: publish_when_ready(tx, PostId.parse(made)))

    assert (done["errors"], done["viewer"]["user"]["postCount"]) == ([], 0)
    assert await read(client, made) is None
    assert (await grid(client, ana))["postCount"] == 0


async def test_a_post_whose_picture_failed_is_shown_to_its_author_as_failed(
    client: Client, stranger: Client, db: Database, ana: Viewer
) -> None:
    waiting = await upload(db, ana, "PROCESSING")
    made = (await call(client, CREATE, **carousel(await upload(db, ana), waiting)))["post"]["id"]

    await finish(db, waiting, "FAILED")
    await db.write(lambda tx: publish_when_ready(tx, PostId.parse(made)))

    assert (await read(client, made))["status"] == "FAILED"
    assert await read(stranger, made) is None
    assert (await grid(client, ana)) == {**(await grid(stranger, ana)), "postCount": 0}


async def test_the_eleventh_post_of_a_minute_is_told_to_wait(
    config: Settings, client: Client, db: Database, ana: Viewer
) -> None:
    used, at_last = await upload(db, ana), await upload(db, ana)
    async with serving(config.model_copy(update={"rate_limit_factor": 1.0})) as signed_out:
        limited = signed_out.signed_in(str(client.token))
        for _ in range(10):
            await call(limited, CREATE, **photo(used))
        before = await content(db)

        refused = await call(limited, CREATE, **photo(at_last))

    (error,) = refused["errors"]
    assert (error["__typename"], error["code"], error["isRetryable"]) == ("RateLimitedError", "RATE_LIMITED", True)
    assert await content(db) == before


async def test_a_grid_is_paged_newest_first_and_does_not_move(api: Client, db: Database, ana: Viewer) -> None:
    made = [str(await post(db, ana, kind="CAROUSEL" if number % 3 == 0 else "PHOTO")) for number in range(7)]

    first = (await grid(api, ana, first=3))["posts"]
    late = str(await post(db, ana))
    rest = (await grid(api, ana, first=60, after=first["pageInfo"]["endCursor"]))["posts"]
    carousels = (await grid(api, ana, kinds=["CAROUSEL"]))["posts"]

    assert ids(first) + ids(rest) == made[::-1]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert ids((await grid(api, ana, first=None))["posts"])[0] == late
    assert ids(carousels) == [made[6], made[3], made[0]]


async def test_a_grid_is_full_when_most_posts_are_for_followers(
    stranger: Client, client: Client, db: Database, ana: Viewer
) -> None:
    old = str(await post(db, ana))
    for _ in range(30):
        await post(db, ana, audience="FOLLOWERS")
    new = str(await post(db, ana))

    shown = (await grid(stranger, ana, first=2))["posts"]

    assert (ids(shown), shown["pageInfo"]["hasNextPage"]) == ([new, old], False)
    assert len(ids((await grid(client, ana, first=60))["posts"])) == 32


async def test_a_grid_tells_strangers_nothing_of_posts_for_followers(
    stranger: Client, db: Database, ana: Viewer
) -> None:
    for _ in range(3):
        await post(db, ana, audience="FOLLOWERS")

    shown = (await grid(stranger, ana, first=1))["posts"]

    nothing = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert (ids(shown), shown["pageInfo"]) == ([], nothing)


@pytest.mark.parametrize("window", [
    {"first": 0}, {"first": -1}, {"first": 61}, {"kinds": []}, {"after": ""}, {"after": "x"}, {"after": "\U0001f642"},
])  # fmt: skip
async def test_pages_outside_the_contract_are_refused(api: Client, ana: Viewer, window: dict[str, Any]) -> None:
    assert await api.refusal(GRID, id=str(UserId(ana.user_id)), **window) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_profile_is_refused(api: Client, db: Database, ana: Viewer) -> None:
    eva = await person(db, "eva")
    await post(db, eva)
    cursor = (await grid(api, eva))["posts"]["pageInfo"]["endCursor"]

    assert await api.refusal(GRID, id=str(UserId(ana.user_id)), after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize("by", [{"shortcode": "x" * 21}, {"shortcode": "a\0"}, {"id": None}, {}])
async def test_a_lookup_is_one_sound_name(api: Client, by: dict[str, Any]) -> None:
    assert await api.refusal(READ, by=by) == "BAD_USER_INPUT"


async def test_unknown_names_lead_nowhere(api: Client, db: Database, ana: Viewer) -> None:
    shown = await post(db, ana, shortcode="abc")
    names = [{"shortcode": ""}, {"shortcode": "ABC"}, {"shortcode": "' or 1=1"}, {"id": ""}, {"id": "usr_x"}]

    for by in (*names, {"id": str(UserId(ana.user_id))}, {"id": str(PostId(new_uuid(), shown.id))}):
        assert (await api.ask(READ, by=by))["post"] is None


async def test_a_grid_costs_the_same_however_many_posts_it_has(stranger: Client, db: Database, ana: Viewer) -> None:
    for _ in range(12):
        await comment(db, ana, await post(db, ana))
    await grid(stranger, ana)
    costs = []
    for first in (1, 12):
        with counted() as statements:
            await grid(stranger, ana, first=first)
        costs.append(len(statements))

    assert costs == [4, 4], statements.statements


async def test_a_post_with_everything_around_it_costs_few_statements(
    stranger: Client, db: Database, ana: Viewer
) -> None:
    shown = await post(db, ana, caption="With @ana")
    for number in range(8):
        await comment(db, await person(db, f"writer{number}"), shown, "Hi @ana")
    await read(stranger, shown)

    with counted() as statements:
        found = await read(stranger, shown)

    assert len(found["comments"]["nodes"]) == 8
    assert len(statements) <= 9, statements.statements
