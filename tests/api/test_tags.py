"""Who is in pictures: tagging people, taking tags off, and the posts that show a person."""

from typing import Any

import pytest
from sqlalchemy import func, select

from core.db import Database
from core.ids import MediaId, PostId, UserId, new_uuid
from core.statements import counted
from core.viewer import Viewer
from models.tags import MediaTag, TaggedPost
from tests.api.conftest import SignIn
from tests.client import Client, call, id_of, mutation
from tests.factories.people import block, follow, person
from tests.factories.posts import hidden_posts, post
from tests.factories.tags import choose, picture_of, tag
from tests.factories.uploads import upload
from tests.tables import content, facts

ERRORS = """errors { __typename code path ... on NotFoundError { id } ... on NotAllowedError { reason }
  ... on ValidationError { constraint limit } }"""
TAGS = "tags { user { handle } x y }"
CREATE = mutation("createPost", f"post {{ id media {{ id {TAGS} }} }} {ERRORS}")
UPDATE = mutation("updateMedia", f"media {{ id altText {TAGS} }} {ERRORS}")
REMOVE = mutation("removeTagOfViewer", f"post {{ id media {{ {TAGS} }} }} {ERRORS}")
READ = f"query ($id: ID!) {{ node(id: $id) {{ ... on Post {{ media {{ {TAGS} }} }} }} }}"
LIST = """query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on User {
  taggedPosts(first: $first, after: $after) { nodes { id author { handle } } pageInfo { hasNextPage endCursor } }
} } }"""


def names(media: Any) -> list[str]:
    """The handles of those who are tagged."""
    return [each["user"]["handle"] for each in media["tags"]]


async def seen_in(client: Client, post_id: PostId) -> list[str]:
    return names((await client.ask(READ, id=str(post_id)))["node"]["media"][0])


async def listed(client: Client, who: Viewer) -> list[str]:
    return [each["id"] for each in (await client.ask(LIST, id=id_of(who)))["node"]["taggedPosts"]["nodes"]]


async def kept(db: Database) -> tuple[int, int]:
    """How many tags there are, and how many entries of lists."""
    async with db.reading(fresh=True) as read:
        found = [await read.scalar(select(func.count()).select_from(each)) for each in (MediaTag, TaggedPost)]
    return found[0], found[1]


async def test_a_post_comes_with_the_people_in_its_pictures(
    client: Client, ana: Viewer, ben: Viewer, db: Database, api: Client
) -> None:
    cleo, pictures = await person(db, "cleo"), [await upload(db, ana) for _ in range(2)]
    tags = [[{"userId": id_of(ben), "x": 0.25, "y": 1}, {"userId": id_of(cleo)}], [{"userId": id_of(ana)}]]
    items = [{"uploadId": str(one), "tags": each} for one, each in zip(pictures, tags, strict=True)]

    made = await call(client, CREATE, content={"carousel": {"items": items}})

    assert made["errors"] == []
    assert [each["tags"] for each in made["post"]["media"]] == [
        [{"user": {"handle": "ben"}, "x": 0.25, "y": 1}, {"user": {"handle": "cleo"}, "x": 0.5, "y": 0.5}],
        [{"user": {"handle": "ana"}, "x": 0.5, "y": 0.5}],
    ]
    assert await listed(api, ben) == await listed(api, cleo) == [made["post"]["id"]]
    assert await listed(api, ana) == []


async def test_the_list_of_tags_is_replaced_as_a_whole(client: Client, ana: Viewer, ben: Viewer, db: Database) -> None:
    shown, cleo = await post(db, ana), await person(db, "cleo")
    picture = str(await tag(db, shown, ben))
    tags = [{"userId": id_of(cleo)}, {"userId": id_of(ben), "x": 0.9}]

    both = await call(client, UPDATE, mediaId=picture, tags=tags)
    again = await call(client, UPDATE, mediaId=picture, tags=tags)
    told = await facts(db, "PostUpdated")
    words = await call(client, UPDATE, mediaId=picture, altText="Two people")
    one = await call(client, UPDATE, mediaId=picture, tags=[{"userId": id_of(cleo)}])
    none = await call(client, UPDATE, mediaId=picture, tags=None, altText=None)

    assert [each["x"] for each in both["media"]["tags"]] == [0.5, 0.9]
    assert (again, told) == (both, 1)
    assert (words["media"]["altText"], names(words["media"])) == ("Two people", ["cleo", "ben"])
    assert (one["media"]["altText"], names(one["media"])) == ("Two people", ["cleo"])
    assert (none["media"]["altText"], none["media"]["tags"]) == (None, [])
    assert await kept(db) == (0, 0)


@pytest.mark.parametrize(
    ("audience", "may"),
    [
        ("EVERYONE", {"stranger", "fan", "friend"}),
        ("FOLLOWERS", {"fan"}),
        ("FOLLOWING", {"friend"}),
        ("NOBODY", set()),
    ],
)
async def test_people_are_tagged_by_whom_they_let(
    sign_in: SignIn, ben: Viewer, db: Database, audience: str, may: set[str]
) -> None:
    authors = {name: await person(db, name) for name in ("stranger", "fan", "friend")}
    await follow(db, authors["fan"], ben)
    await follow(db, ben, authors["friend"])
    await choose(db, ben, tag_audience=audience)
    answers = {}

    for name, author in authors.items():
        picture = str(await picture_of(db, await post(db, author)))
        answers[name] = await call(await sign_in(author), UPDATE, mediaId=picture, tags=[{"userId": id_of(ben)}])

    assert {name for name, each in answers.items() if not each["errors"]} == may
    refused = [each["errors"] for name, each in answers.items() if name not in may]
    path = ["input", "tags", "0", "userId"]
    wall = {"__typename": "NotAllowedError", "code": "NOT_ALLOWED", "path": path, "reason": "AUDIENCE"}
    assert refused == [[wall]] * len(refused)


async def test_a_refused_tag_changes_nothing(client: Client, ana: Viewer, ben: Viewer, db: Database) -> None:
    await choose(db, ben, tag_audience="NOBODY")
    cleo, picture = await person(db, "cleo"), str(await picture_of(db, await post(db, ana)))
    tags = [{"userId": id_of(cleo)}, {"userId": id_of(ben)}]
    fresh = {"photo": {"uploadId": str(await upload(db, ana)), "tags": tags}}
    before = await content(db)

    changed = await call(client, UPDATE, mediaId=picture, altText="Us", tags=tags)
    made = await call(client, CREATE, content=fresh)

    assert [each["path"] for each in changed["errors"]] == [["input", "tags", "1", "userId"]]
    assert [each["path"] for each in made["errors"]] == [["input", "content", "photo", "tags", "1", "userId"]]
    assert await content(db) == before


async def test_whoever_is_tagged_already_stays(client: Client, ana: Viewer, ben: Viewer, db: Database) -> None:
    picture, cleo = str(await tag(db, await post(db, ana), ben)), await person(db, "cleo")
    await choose(db, ben, tag_audience="NOBODY")

    changed = await call(client, UPDATE, mediaId=picture, tags=[{"userId": id_of(ben)}, {"userId": id_of(cleo)}])

    assert changed["errors"] == []
    assert names(changed["media"]) == ["ben", "cleo"]


@pytest.mark.parametrize("status", ["SUSPENDED", "DEACTIVATED", "DELETED", None])
async def test_people_who_cannot_be_seen_cannot_be_tagged(
    client: Client, ana: Viewer, db: Database, status: str | None
) -> None:
    gone = id_of(await person(db, "gone", status=status)) if status else str(UserId(new_uuid()))
    picture = str(await picture_of(db, await post(db, ana)))

    changed = await call(client, UPDATE, mediaId=picture, tags=[{"userId": gone}])

    path = ["input", "tags", "0", "userId"]
    assert changed["errors"] == [{"__typename": "NotFoundError", "code": "NOT_FOUND", "path": path, "id": gone}]


async def test_nobody_is_tagged_across_a_block(client: Client, ana: Viewer, ben: Viewer, db: Database) -> None:
    cleo, picture = await person(db, "cleo"), str(await picture_of(db, await post(db, ana)))
    await block(db, ana, ben)
    await block(db, cleo, ana)

    blocked = await call(client, UPDATE, mediaId=picture, tags=[{"userId": id_of(ben)}])
    blocker = await call(client, UPDATE, mediaId=picture, tags=[{"userId": id_of(cleo)}])

    assert [(each["code"], each["reason"]) for each in blocked["errors"]] == [("NOT_ALLOWED", "BLOCKED_BY_VIEWER")]
    assert [each["code"] for each in blocker["errors"]] == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ([{"userId": "usr_none"}], ("NOT_FOUND", ["input", "tags", "0", "userId"])),
        ([{"userId": "BEN"}, {"userId": "BEN", "x": 0.1}], ("INVALID", ["input", "tags", "1", "userId"])),
        ([{"userId": "BEN", "x": 1.5}], ("OUT_OF_RANGE", ["input", "tags", "0", "x"])),
        ([{"userId": "BEN"}] * 21, ("TOO_MANY", ["input", "tags"])),
    ],
)
async def test_tags_that_make_no_sense_are_refused(
    client: Client, ana: Viewer, ben: Viewer, db: Database, tags: list[Any], problem: tuple[str, list[str]]
) -> None:
    picture = str(await picture_of(db, await post(db, ana)))
    tags = [{**each, "userId": id_of(ben) if each["userId"] == "BEN" else each["userId"]} for each in tags]

    changed = await call(client, UPDATE, mediaId=picture, tags=tags)

    assert [(each["code"], each["path"]) for each in changed["errors"]] == [problem]


async def test_only_the_owner_says_what_is_in_a_picture(client: Client, ben: Viewer, db: Database, ana: Viewer) -> None:
    others = str(await picture_of(db, await post(db, ben)))
    hidden = [await picture_of(db, one) for one in await hidden_posts(db)]

    refused = await call(client, UPDATE, mediaId=others, altText="Mine")
    unseen = [await call(client, UPDATE, mediaId=str(one), altText="Mine") for one in hidden]
    unused = str(MediaId(ana.user_id, (await upload(db, ana)).id))
    described = await call(client, UPDATE, mediaId=unused, altText="Soon to be posted")
    tagged = await call(client, UPDATE, mediaId=unused, tags=[{"userId": id_of(ben)}])

    assert [each["reason"] for each in refused["errors"]] == ["NOT_OWNER"]
    assert [[each["code"] for each in one["errors"]] for one in unseen] == [["NOT_FOUND"]] * len(hidden)
    assert (described["errors"], described["media"]["altText"]) == ([], "Soon to be posted")
    assert [(each["code"], each["path"]) for each in tagged["errors"]] == [("INVALID", ["input", "tags"])]


async def test_people_take_themselves_off(sign_in: SignIn, ana: Viewer, ben: Viewer, db: Database) -> None:
    shown, cleo = await post(db, ana), await person(db, "cleo")
    await tag(db, shown, ben, cleo)
    ben_client = await sign_in(ben)

    answers = [await call(ben_client, REMOVE, postId=str(shown)) for _ in range(2)]

    assert [(names(each["post"]["media"][0]), each["errors"]) for each in answers] == [(["cleo"], [])] * 2
    assert (await listed(ben_client, ben), await listed(ben_client, cleo)) == ([], [str(shown)])
    assert await facts(db, "PostUpdated") == 1


async def test_nobody_takes_a_tag_off_a_post_they_do_not_see(sign_in: SignIn, ben: Viewer, db: Database) -> None:
    blocker, blocked = await person(db, "blocker"), await person(db, "blocked")
    hidden = [*await hidden_posts(db), await post(db, blocker), await post(db, blocked)]
    await block(db, blocker, ben)
    await block(db, ben, blocked)
    for each in hidden:
        await tag(db, each, ben)
    ben_client = await sign_in(ben)

    answers = [await call(ben_client, REMOVE, postId=str(each)) for each in hidden]

    assert [[error["code"] for error in each["errors"]] for each in answers] == [["NOT_FOUND"]] * len(hidden)
    assert await kept(db) == (len(hidden), len(hidden))


async def test_a_tag_is_seen_by_whoever_sees_picture_and_person(
    sign_in: SignIn, ana: Viewer, ben: Viewer, db: Database, api: Client
) -> None:
    eva, gone = await person(db, "eva", is_private=True), await person(db, "gone", status="DEACTIVATED")
    cleo, dora = await person(db, "cleo"), await person(db, "dora")
    shown = await post(db, ana)
    await tag(db, shown, ben, eva, gone, cleo, dora)
    await block(db, cleo, ben)
    await block(db, ben, dora)
    author, of_ben = await sign_in(ana), await sign_in(ben)

    assert await seen_in(api, shown) == ["ben", "eva", "cleo", "dora"]
    assert await seen_in(author, shown) == ["ben", "eva", "cleo", "dora"]
    assert await seen_in(of_ben, shown) == ["ben", "eva"]


async def test_lists_of_tagged_posts_have_what_the_viewer_sees(
    sign_in: SignIn, ana: Viewer, ben: Viewer, db: Database, api: Client
) -> None:
    eva, fay = await person(db, "priva", is_private=True), await person(db, "fay")
    await follow(db, fay, eva)
    private = await post(db, eva)
    old, own, new = await post(db, ana), await post(db, ben), await post(db, ana)
    for each in (private, *(await hidden_posts(db)), old, own, new):
        await tag(db, each, ben)

    assert await listed(api, ben) == await listed(await sign_in(ben), ben) == [str(new), str(old)]
    assert await listed(await sign_in(fay), ben) == [str(new), str(old), str(private)]


async def test_lists_of_tagged_posts_are_read_page_by_page(ana: Viewer, ben: Viewer, db: Database, api: Client) -> None:
    shown = [await post(db, ana) for _ in range(5)]
    for each in shown:
        await tag(db, each, ben)
    pages, after = [], None

    for _ in range(3):
        page = (await api.ask(LIST, id=id_of(ben), first=2, after=after))["node"]["taggedPosts"]
        pages.append([each["id"] for each in page["nodes"]])
        after = page["pageInfo"]["endCursor"]

    newest = [str(each) for each in reversed(shown)]
    assert pages == [newest[:2], newest[2:4], newest[4:]]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_what_shows_a_private_person_is_for_followers(sign_in: SignIn, ana: Viewer, db: Database) -> None:
    eva, fay = await person(db, "eva", is_private=True), await person(db, "fay")
    await follow(db, fay, eva)
    shown = await post(db, ana)
    await tag(db, shown, eva)

    assert await listed(await sign_in(ana), eva) == []
    assert await listed(await sign_in(fay), eva) == [str(shown)]


async def test_a_deleted_post_leaves_no_tags(client: Client, ana: Viewer, ben: Viewer, db: Database) -> None:
    shown = await post(db, ana)
    picture = await tag(db, shown, ana, ben)
    delete = mutation("deletePost")

    await call(client, delete, postId=str(shown))
    late = await call(client, UPDATE, mediaId=str(picture), tags=[{"userId": id_of(ben)}])

    assert await kept(db) == (0, 0)
    assert [each["code"] for each in late["errors"]] == ["NOT_FOUND"]


async def test_tags_of_a_page_take_one_statement(client: Client, ana: Viewer, db: Database) -> None:
    people = [await person(db, f"fan{number}") for number in range(3)]
    grid = """query ($id: ID!, $first: Int) { node(id: $id) { ... on User { posts(first: $first) { nodes {
      media { tags { x user { handle avatar { id } } } } } } } } }"""
    reads = []

    for _ in range(2):
        for _ in range(4):
            await tag(db, await post(db, ana), *people)
        with counted() as statements:
            found = await client.ask(grid, id=id_of(ana), first=8)
        reads.append([text for text in statements.statements if "media_tags" in text or "from users u" in text])

    media = [each for one in found["node"]["posts"]["nodes"] for each in one["media"]]
    assert [names(each) for each in media] == [["fan0", "fan1", "fan2"]] * 8
    assert len(reads[0]) == len(reads[1]) == 2
    assert len([text for text in reads[1] if "media_tags" in text]) == 1
