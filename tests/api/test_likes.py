"""Likes as clients give, take back and read them."""

import asyncio
from functools import partial
from typing import Any

import pytest

from core.db import Database
from core.ids import CommentId, MediaId, PostId, UserId, new_uuid
from core.statements import counted
from core.viewer import Viewer
from services import likes
from tests.api.conftest import SignIn
from tests.client import Client, call
from tests.factories.people import follow, person
from tests.factories.posts import comment, hidden_posts, post
from tests.factories.sessions import set_status
from tests.tables import content

ERRORS = "errors { __typename code path isRetryable ... on NotFoundError { id } }"
LIKE = f"""mutation ($input: LikePostInput!) {{
  it: likePost(input: $input) {{ post {{ id likeCount viewerHasLiked }} {ERRORS} query {{ viewer {{ id }} }} }}
}}"""
UNLIKE = LIKE.replace("LikePostInput", "UnlikePostInput").replace("likePost(", "unlikePost(")
LIKERS = """query ($id: ID!, $first: Int, $after: String) {
  node(id: $id) { ... on Post { likeCount viewerHasLiked likers(first: $first, after: $after) {
    nodes { id } edges { cursor node { handle } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } }
}"""
BOTH = pytest.mark.parametrize("document", [LIKE, UNLIKE], ids=["like", "unlike"])


@pytest.fixture
async def picture(db: Database, ana: Viewer) -> PostId:
    return await post(db, ana)


@pytest.fixture
async def client(sign_in: SignIn, ben: Viewer) -> Client:
    """Ben's client."""
    return await sign_in(ben)


async def page(client: Client, post_id: PostId, first: int | None = None, after: str | None = None) -> Any:
    return (await client.ask(LIKERS, id=str(post_id), first=first, after=after))["node"]["likers"]


def handles(likers: Any) -> list[str]:
    return [edge["node"]["handle"] for edge in likers["edges"]]


async def test_a_like_counts_and_shows_to_whoever_gave_it(api: Client, client: Client, picture: PostId) -> None:
    liked = await call(client, LIKE, postId=str(picture))

    assert liked["post"] == {"id": str(picture), "likeCount": 1, "viewerHasLiked": True}
    assert liked["errors"] == []
    seen = (await api.ask(LIKERS, id=str(picture)))["node"]
    assert (seen["likeCount"], seen["viewerHasLiked"], handles(seen["likers"])) == (1, False, ["ben"])


async def test_liking_again_changes_nothing(client: Client, db: Database, picture: PostId) -> None:
    first = await call(client, LIKE, postId=str(picture))
    before = await content(db)

    again = await call(client, LIKE, postId=str(picture))

    assert again == first
    assert await content(db) == before


async def test_many_likes_at_once_are_one(client: Client, picture: PostId) -> None:
    answers = await asyncio.gather(*(call(client, LIKE, postId=str(picture)) for _ in range(6)))

    assert all(answer["errors"] == [] for answer in answers)
    assert handles(await page(client, picture)) == ["ben"]
    assert (await client.ask(LIKERS, id=str(picture)))["node"]["likeCount"] == 1


async def test_a_like_is_taken_back_once(client: Client, db: Database, picture: PostId) -> None:
    await call(client, LIKE, postId=str(picture))
    taken = await call(client, UNLIKE, postId=str(picture))
    before = await content(db)
    again = await call(client, UNLIKE, postId=str(picture))

    assert taken["post"] == {"id": str(picture), "likeCount": 0, "viewerHasLiked": False}
    assert again == taken
    assert await content(db) == before


async def test_likes_in_one_operation_see_each_other(client: Client, picture: PostId) -> None:
    document = """mutation ($id: ID!) {
      one: likePost(input: {postId: $id}) { post { likeCount viewerHasLiked } }
      two: unlikePost(input: {postId: $id}) { post { likeCount viewerHasLiked } }
      three: likePost(input: {postId: $id}) { query { post(by: {id: $id}) { likeCount viewerHasLiked } } }
    }"""

    answer = await client.ask(document, id=str(picture))

    assert answer["one"]["post"] == {"likeCount": 1, "viewerHasLiked": True}
    assert answer["two"]["post"] == {"likeCount": 0, "viewerHasLiked": False}
    assert answer["three"]["query"]["post"] == {"likeCount": 1, "viewerHasLiked": True}


@BOTH
async def test_a_hidden_post_is_not_found_and_nothing_changes(client: Client, db: Database, document: str) -> None:
    hidden = await hidden_posts(db)
    before = await content(db)

    for each in hidden:
        refused = await call(client, document, postId=str(each))
        assert (refused["post"], refused["errors"]) == (None, [not_found(str(each))])
        assert refused["query"]["viewer"] is not None

    assert await content(db) == before


@BOTH
async def test_ids_that_lead_nowhere_are_not_found(
    client: Client, db: Database, ana: Viewer, picture: PostId, document: str
) -> None:
    written = await comment(db, ana, picture)
    nowhere: list[object] = [
        PostId(ana.user_id, new_uuid()),
        PostId(new_uuid(), picture.id),
        UserId(ana.user_id),
        CommentId(written.author_id, written.id),
        MediaId(picture.author_id, picture.id),
        str(picture)[:-1],
        str(picture) + "=",
        "pst_",
        "",
        "x" * 5_000,
        "\U0001f642",
    ]
    before = await content(db)

    for each in nowhere:
        refused = await call(client, document, postId=str(each))
        assert refused["errors"] == [not_found(str(each))]

    assert await content(db) == before


@BOTH
async def test_an_id_with_nul_is_refused(client: Client, document: str) -> None:
    (error,) = (await call(client, document, postId="pst_\0"))["errors"]

    assert (error["code"], error["path"]) == ("BAD_FORMAT", ["input", "postId"])


@BOTH
async def test_signed_out_nobody_likes(api: Client, picture: PostId, document: str) -> None:
    assert await api.refusal(document, input={"postId": str(picture)}) == "UNAUTHENTICATED"


@BOTH
async def test_a_suspended_account_does_not_like(db: Database, sign_in: SignIn, picture: PostId, document: str) -> None:
    client = await sign_in(await person(db, "eva", status="SUSPENDED"))

    assert await client.refusal(document, input={"postId": str(picture)}) == "ACCOUNT_RESTRICTED"


async def test_likers_come_page_by_page_and_do_not_move_while_others_come(
    client: Client, db: Database, sign_in: SignIn, ben: Viewer, picture: PostId
) -> None:
    fans = [await person(db, f"fan{number}") for number in range(6)]
    for fan in fans[:5]:
        await call(await sign_in(fan), LIKE, postId=str(picture))
    await follow(db, ben, fans[1])

    first = await page(client, picture, 2)
    await call(await sign_in(fans[5]), LIKE, postId=str(picture))
    rest = await page(client, picture, 50, first["pageInfo"]["endCursor"])

    assert handles(first) == ["fan1", "fan4"]
    assert handles(rest) == ["fan3", "fan2", "fan0"]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert first["pageInfo"]["startCursor"] == first["edges"][0]["cursor"]
    assert first["pageInfo"]["endCursor"] == first["edges"][-1]["cursor"]


async def test_pages_of_likers_are_full_when_some_are_gone(
    api: Client, db: Database, sign_in: SignIn, picture: PostId
) -> None:
    for number in range(9):
        fan = await person(db, f"fan{number}")
        await call(await sign_in(fan), LIKE, postId=str(picture))
        if 2 <= number < 7:
            await set_status(db, fan.user_id, "DELETED")

    first = await page(api, picture, 3)
    rest = await page(api, picture, 3, first["pageInfo"]["endCursor"])

    assert handles(first) == ["fan8", "fan7", "fan1"]
    assert first["pageInfo"]["hasNextPage"] is True
    assert handles(rest) == ["fan0"]


async def test_signing_out_in_the_middle_of_a_list_repeats_nobody(
    api: Client, client: Client, db: Database, sign_in: SignIn, ben: Viewer, picture: PostId
) -> None:
    fans = [await person(db, f"fan{number}") for number in range(4)]
    for fan in fans:
        await call(await sign_in(fan), LIKE, postId=str(picture))
    await follow(db, ben, fans[3])

    first = await page(client, picture, 1)
    rest = await page(api, picture, 50, first["pageInfo"]["endCursor"])

    assert handles(first) == ["fan3"]
    assert handles(rest) == ["fan2", "fan1", "fan0"]


@pytest.mark.parametrize("first", [0, -1, 51, 2**31 - 1])
async def test_page_sizes_outside_the_contract_are_refused(api: Client, picture: PostId, first: int) -> None:
    assert await api.refusal(LIKERS, id=str(picture), first=first) == "BAD_USER_INPUT"


async def test_cursors_of_other_lists_are_refused(client: Client, db: Database, ana: Viewer, picture: PostId) -> None:
    other = await post(db, ana)
    await call(client, LIKE, postId=str(other))
    foreign = (await page(client, other))["pageInfo"]["endCursor"]

    for cursor in (foreign, foreign[:-2], "", "x", "bm90IGEgY3Vyc29y", "\U0001f642", "\0", "x" * 5_000):
        assert await client.refusal(LIKERS, id=str(picture), after=cursor) == "BAD_USER_INPUT"


async def test_a_page_of_likers_costs_the_same_however_long_it_is(
    client: Client, db: Database, sign_in: SignIn, picture: PostId
) -> None:
    for number in range(12):
        await call(await sign_in(await person(db, f"fan{number}")), LIKE, postId=str(picture))
    costs = []
    for first in (2, 10):
        await page(client, picture, first)
        with counted() as statements:
            await page(client, picture, first)
        costs.append(len(statements))

    assert costs[0] == costs[1], costs
    assert costs[0] <= 4, statements.statements


def not_found(id_text: str) -> dict[str, Any]:
    where = {"path": ["input", "postId"], "id": id_text}
    return {"__typename": "NotFoundError", "code": "NOT_FOUND", "isRetryable": False, **where}


async def test_a_hidden_like_count_shows_of_the_likers_those_alone_whom_the_viewer_follows(
    api: Client, sign_in: SignIn, db: Database
) -> None:
    people = {name: await person(db, name) for name in ("ana", "ben", "cleo", "dora")}
    picture = await post(db, people["ana"], hides_like_count=True)
    await follow(db, people["ben"], people["cleo"])
    for name in ("ben", "cleo", "dora"):
        await db.write(partial(likes.like_post, viewer=people[name], post_id=picture))

    clients = {name: await sign_in(each) for name, each in people.items()} | {"nobody": api}
    seen = {name: (await client.ask(LIKERS, id=str(picture)))["node"] for name, client in clients.items()}

    assert {name: handles(each["likers"]) for name, each in seen.items()} == {
        "ana": ["dora", "cleo", "ben"],
        "ben": ["cleo", "ben"],
        "cleo": ["cleo"],
        "dora": ["dora"],
        "nobody": [],
    }
    assert [name for name, each in seen.items() if each["likeCount"] is not None] == ["ana"]
