"""Comments as clients write, delete and read them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.db import Database
from core.ids import CommentId, PostId, UserId, new_uuid
from core.statements import counted
from core.viewer import Viewer
from models.comments import Comment
from tests.api.conftest import SignIn
from tests.client import Client, call, mutation
from tests.factories.people import follow, person
from tests.factories.posts import comment, hidden_posts, post
from tests.factories.sessions import set_status
from tests.tables import content

ERRORS = """errors { __typename code path
  ... on ValidationError { constraint limit } ... on NotFoundError { id } ... on NotAllowedError { reason } }"""
COMMENT = """{
  id state createdAt url viewerCanDelete idempotencyKey author { handle } post { id }
  body { text segments { __typename text ... on MentionSegment { user { handle } } } }
}"""
ADD = mutation(
    "addComment", f"comment {COMMENT} commentEdge {{ cursor node {{ id }} }} post {{ id commentCount }} {ERRORS}"
)
DELETE = mutation(
    "deleteComment", f"deletedCommentId post {{ id commentCount comments {{ nodes {{ id }} }} }} {ERRORS}"
)
READ = f"query ($id: ID!) {{ comment(id: $id) {COMMENT} }}"
PAGE = """query ($id: ID!, $first: Int, $after: String, $order: CommentOrder) {
  post(by: {id: $id}) { commentCount comments(first: $first, after: $after, order: $order) {
    nodes { id } edges { cursor node { id author { handle } body { text } viewerCanDelete } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}"""
WRITERS = """query ($id: ID!) { post(by: {id: $id}) { comments(first: 50) { nodes {
  author { id handle avatar { url } relationship { followState } } body { segments { text } } post { id likeCount }
} } } }"""


@pytest.fixture
async def picture(db: Database, ana: Viewer) -> PostId:
    return await post(db, ana)


@pytest.fixture
async def client(sign_in: SignIn, ben: Viewer) -> Client:
    """Ben's client."""
    return await sign_in(ben)


async def page(client: Client, post_id: PostId, **window: Any) -> Any:
    return (await client.ask(PAGE, id=str(post_id), **window))["post"]["comments"]


def ids(connection: Any) -> list[str]:
    return [node["id"] for node in connection["nodes"]]


async def count(db: Database) -> int:
    async with db.reading(fresh=True) as read:
        return int(await read.scalar(select(func.count()).select_from(Comment)))


async def test_a_comment_stands_under_the_post_with_its_edge(
    api: Client, client: Client, db: Database, picture: PostId
) -> None:
    earlier = await comment(db, await person(db, "eva"), picture)

    done = await call(client, ADD, postId=str(picture), text="Good light, @ana #sea", idempotencyKey="key of one tap")

    made = done["comment"]
    assert done["errors"] == []
    assert (made["author"], made["post"], made["state"]) == ({"handle": "ben"}, {"id": str(picture)}, "VISIBLE")
    assert (made["viewerCanDelete"], made["idempotencyKey"]) == (True, "key of one tap")
    assert [(each["__typename"], each["text"]) for each in made["body"]["segments"]] == [
        ("PlainSegment", "Good light, "),
        ("MentionSegment", "@ana"),
        ("PlainSegment", " "),
        ("HashtagSegment", "#sea"),
    ]
    assert done["post"]["commentCount"] == 1
    newest = await page(api, picture, order="NEWEST")
    assert (ids(newest), newest["edges"][0]["cursor"]) == ([made["id"], str(earlier)], done["commentEdge"]["cursor"])
    assert (await api.ask("query ($url: URL!) { resource(url: $url) { id } }", url=made["url"])) == {
        "resource": {"id": made["id"]}
    }
    seen = (await api.ask(READ, id=made["id"]))["comment"]
    assert seen == {**made, "viewerCanDelete": False, "idempotencyKey": None}


async def test_the_same_key_answers_the_first_comment_again(client: Client, db: Database, picture: PostId) -> None:
    given = {"postId": str(picture), "text": "Once", "idempotencyKey": "key of one tap"}

    answers = await asyncio.gather(*(call(client, ADD, **given) for _ in range(4)))
    mismatch = await call(client, ADD, **{**given, "text": "Twice"})

    assert all(answer == answers[0] for answer in answers)
    assert [error["code"] for error in mismatch["errors"]] == ["IDEMPOTENCY_MISMATCH"]
    assert await count(db) == 1
    assert answers[0]["post"]["commentCount"] == 1


async def test_a_key_of_another_mutation_is_a_mismatch(client: Client, db: Database, picture: PostId) -> None:
    key = {"idempotencyKey": "key of one tap"}
    begin = mutation("beginUpload")
    file = {"purpose": "POST", "contentType": "image/jpeg", "byteSize": 9, "width": 10, "height": 10}
    await call(client, ADD, postId=str(picture), text="Hello", **key)

    assert await call(client, begin, **file, **key) == {"errors": [{"code": "IDEMPOTENCY_MISMATCH"}]}


async def test_without_a_key_each_call_is_a_comment(client: Client, db: Database, picture: PostId) -> None:
    answers = [await call(client, ADD, postId=str(picture), text="Again", idempotencyKey=None) for _ in range(2)]

    assert len({answer["comment"]["id"] for answer in answers}) == await count(db) == 2


@pytest.mark.parametrize(("text", "code", "constraint"), [
    ("", "TOO_SHORT", "minLength"),
    ("x" * 1001, "TOO_LONG", "maxLength"),
    ("\U0001f642" * 1001, "TOO_LONG", "maxLength"),
    ("nul \0", "BAD_FORMAT", None),
    (" \n\t", "REQUIRED", None),
    ("\u200b", None, None),
    ("x" * 1000, None, None),
    ("\U0001f642" * 1000, None, None),
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467", None, None),
], ids=range(9))  # fmt: skip
async def test_text_has_one_to_a_thousand_code_points(
    client: Client, db: Database, picture: PostId, *, text: str, code: str | None, constraint: str | None
) -> None:
    before = await content(db)

    done = await call(client, ADD, postId=str(picture), text=text)

    if code is None:
        assert (done["errors"], done["comment"]["body"]["text"]) == ([], text)
    else:
        (error,) = done["errors"]
        limit = {"minLength": 1, "maxLength": 1000}.get(constraint or "")
        assert (error["code"], error["constraint"], error["limit"]) == (code, constraint, limit)
        assert (error["path"], done["comment"], done["commentEdge"]) == (["input", "text"], None, None)
        assert await content(db) == before


async def test_hidden_and_unknown_posts_are_not_found(
    api: Client, client: Client, db: Database, ana: Viewer, picture: PostId
) -> None:
    nowhere = [*await hidden_posts(db), PostId(ana.user_id, new_uuid()), UserId(ana.user_id), "", "pst_x"]
    before = await content(db)

    for each in nowhere:
        refused = await call(client, ADD, postId=str(each), text="Hello", idempotencyKey="key of one tap")
        assert refused["errors"] == [
            {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["input", "postId"], "id": str(each)}
        ]
    assert await api.refusal(ADD, input={"postId": str(picture), "text": "Hello"}) == "UNAUTHENTICATED"

    assert await content(db) == before


@pytest.mark.parametrize(("audience", "reason"), [("NOBODY", "COMMENTS_OFF"), ("FOLLOWERS", "AUDIENCE")])
async def test_who_may_not_comment_is_told_why(
    client: Client, db: Database, ana: Viewer, *, audience: str, reason: str
) -> None:
    closed = await post(db, ana, comment_audience=audience)
    before = await content(db)

    refused = await call(client, ADD, postId=str(closed), text="Hello")

    assert refused["errors"][0]["reason"] == reason
    assert await content(db) == before


async def test_a_suspended_account_does_not_comment(sign_in: SignIn, db: Database, picture: PostId) -> None:
    client = await sign_in(await person(db, "eva", status="SUSPENDED"))

    assert await client.refusal(ADD, input={"postId": str(picture), "text": "Hello"}) == "ACCOUNT_RESTRICTED"


async def test_writer_and_author_delete_a_comment_and_nobody_else(
    api: Client, client: Client, sign_in: SignIn, db: Database, ana: Viewer, picture: PostId
) -> None:
    made = [(await call(client, ADD, postId=str(picture), text=f"{n}"))["comment"]["id"] for n in range(2)]
    of_author, of_stranger = await sign_in(ana), await sign_in(await person(db, "eva"))
    before = await content(db)

    refused = await call(of_stranger, DELETE, commentId=made[0])
    assert refused["errors"][0]["reason"] == "NOT_OWNER"
    assert await api.refusal(DELETE, input={"commentId": made[0]}) == "UNAUTHENTICATED"
    assert await content(db) == before

    by_writer = await call(client, DELETE, commentId=made[0])
    by_author = await call(of_author, DELETE, commentId=made[1])
    assert by_writer == {
        "deletedCommentId": made[0],
        "post": {"id": str(picture), "commentCount": 1, "comments": {"nodes": [{"id": made[1]}]}},
        "errors": [],
    }
    assert by_author["post"]["commentCount"] == 0
    assert (await api.ask(READ, id=made[0]))["comment"] is None


async def test_a_deleted_comment_is_not_found_again_and_counts_once(
    client: Client, db: Database, picture: PostId
) -> None:
    made = [(await call(client, ADD, postId=str(picture), text=f"{n}"))["comment"]["id"] for n in range(2)]

    answers = await asyncio.gather(*(call(client, DELETE, commentId=made[0]) for _ in range(4)))
    again = await call(client, DELETE, commentId=made[0])

    assert {error["code"] for answer in answers for error in answer["errors"]} <= {"NOT_FOUND"}
    assert again["errors"][0] == {
        "__typename": "NotFoundError",
        "code": "NOT_FOUND",
        "path": ["input", "commentId"],
        "id": made[0],
    }
    assert (await client.ask(PAGE, id=str(picture)))["post"]["commentCount"] == 1


async def test_comments_under_hidden_posts_are_not_there(
    api: Client, client: Client, db: Database, ben: Viewer, ana: Viewer, picture: PostId
) -> None:
    hidden = [await comment(db, ben, each) for each in await hidden_posts(db)]
    written = await comment(db, ben, picture)
    wrong_author = CommentId(ben.user_id, written.id)
    before = await content(db)

    for each in (*hidden, wrong_author, UserId(ana.user_id), "cmt_", ""):
        assert (await api.ask(READ, id=str(each)))["comment"] is None
        refused = await call(client, DELETE, commentId=str(each))
        assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]

    assert await content(db) == before


@pytest.mark.parametrize("order", ["TOP", "NEWEST", "OLDEST", None])
async def test_pages_follow_each_other_in_every_order_and_do_not_move(
    client: Client, db: Database, ana: Viewer, ben: Viewer, picture: PostId, *, order: str | None
) -> None:
    cleo = await person(db, "cleo")
    await follow(db, ben, cleo)
    writers = [ana, cleo, ana, ana, cleo]
    made = [str(await comment(db, writer, picture, f"{n}")) for n, writer in enumerate(writers)]
    top = [made[4], made[1], made[3], made[2], made[0]]
    expected = {"NEWEST": made[::-1], "OLDEST": made}.get(order or "", top)

    first = await page(client, picture, first=3, order=order)
    late = str(await comment(db, cleo, picture, "late"))
    rest = await page(client, picture, first=50, order=order, after=first["pageInfo"]["endCursor"])

    assert ids(first) == expected[:3]
    assert [each for each in ids(rest) if each != late] == expected[3:]
    assert (late in ids(rest)) == (order == "OLDEST")
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (True, True)


async def test_a_page_goes_on_behind_a_comment_that_is_gone(client: Client, db: Database, picture: PostId) -> None:
    made = [(await call(client, ADD, postId=str(picture), text=f"{n}"))["comment"]["id"] for n in range(5)]
    cursor = (await page(client, picture, first=2))["pageInfo"]["endCursor"]

    for each in made[2:4]:
        await call(client, DELETE, commentId=each)

    assert ids(await page(client, picture, after=cursor)) == [made[1], made[0]]


async def test_pages_are_full_when_writers_are_gone(api: Client, db: Database, ana: Viewer, picture: PostId) -> None:
    gone = await person(db, "gone")
    old = str(await comment(db, ana, picture, "old"))
    for n in range(25):
        await comment(db, gone, picture, f"{n}")
    new = str(await comment(db, ana, picture, "new"))
    await set_status(db, gone.user_id, "SUSPENDED")

    shown = await page(api, picture, first=2, order="NEWEST")

    assert (ids(shown), shown["pageInfo"]["hasNextPage"]) == ([new, old], False)


@pytest.mark.parametrize("window", [
    {"first": 0}, {"first": -1}, {"first": 51}, {"after": ""}, {"after": "x" * 3000}, {"after": "\0"},
])  # fmt: skip
async def test_pages_outside_the_contract_are_refused(api: Client, picture: PostId, window: dict[str, Any]) -> None:
    assert await api.refusal(PAGE, id=str(picture), **window) == "BAD_USER_INPUT"


async def test_cursors_of_other_orders_and_posts_are_refused(
    api: Client, db: Database, ana: Viewer, picture: PostId
) -> None:
    other = await post(db, ana)
    for each in (picture, other):
        await comment(db, ana, each)
    of_newest = (await page(api, picture, order="NEWEST"))["pageInfo"]["endCursor"]

    for order in ("TOP", "OLDEST"):
        assert await api.refusal(PAGE, id=str(picture), order=order, after=of_newest) == "BAD_USER_INPUT"
    assert await api.refusal(PAGE, id=str(other), order="NEWEST", after=of_newest) == "BAD_USER_INPUT"


async def test_a_mention_of_a_person_who_is_gone_leads_nowhere(
    api: Client, client: Client, db: Database, picture: PostId
) -> None:
    eva = await person(db, "eva")
    made = (await call(client, ADD, postId=str(picture), text="@eva and @nobody"))["comment"]
    before = made["body"]["segments"]
    await set_status(db, eva.user_id, "DELETED")

    after = (await api.ask(READ, id=made["id"]))["comment"]["body"]["segments"]

    assert before[0] == {"__typename": "MentionSegment", "text": "@eva", "user": {"handle": "eva"}}
    assert after == [{"__typename": "MentionSegment", "text": "@eva", "user": None}, *before[1:]]
    assert before[1:] == [{"__typename": "PlainSegment", "text": " and @nobody"}]


async def test_a_page_of_comments_costs_the_same_however_long_it_is(
    client: Client, db: Database, picture: PostId
) -> None:
    costs = []
    for number in range(1, 9):
        await comment(db, await person(db, f"writer{number}"), picture, "Hello @ana")
        if number in {1, 8}:
            await client.ask(WRITERS, id=str(picture))
            with counted() as statements:
                found = await client.ask(WRITERS, id=str(picture))
            costs.append(len(statements))

    assert len(found["post"]["comments"]["nodes"]) == 8
    assert costs[0] == costs[1], (costs, statements.statements)
    assert costs[1] <= 7, statements.statements
