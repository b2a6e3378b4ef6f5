"""Comments that wait for the author of a post or were hidden: who sees them, who counts them, who is told."""

from typing import Any

import pytest

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.ids import CommentId, PostId, new_uuid
from core.viewer import Viewer
from services import consistency, counters
from tests.api.conftest import SignIn
from tests.client import Client, call, mutation
from tests.factories.people import block, follow, person, stance
from tests.factories.posts import comment, post
from tests.tables import content

ADD = mutation(
    "addComment", "comment { id state viewerCanDelete } post { commentCount comments { nodes { id } } } errors { code }"
)
DELETE = mutation("deleteComment", "post { commentCount } errors { code }")
MODERATE = """mutation ($input: %sCommentsInput!) { it: %sComments(input: $input) {
  comments { id state } errors { code path ... on NotAllowedError { reason } ... on NotFoundError { id } } } }"""
HIDE, APPROVE = MODERATE % ("Hide", "hide"), MODERATE % ("Approve", "approve")
READ = """query ($id: ID!, $states: [CommentState!], $comment: ID!) { post(by: {id: $id}) {
  commentCount comments(first: 9, states: $states, order: OLDEST) { nodes { id state viewerCanModerate } }
  top: comments(first: 9, states: $states) { nodes { id } }
  commentPreview { id } } comment(id: $comment) { id } }"""


@pytest.fixture
async def people(db: Database) -> dict[str, Viewer]:
    """Ana, who restricts Ben, and Cleo, who has nothing to do with it."""
    made = {name: await person(db, name) for name in ("ana", "ben", "cleo")}
    await stance(db, made["ana"], made["ben"], restricted_at=clock.now())
    return made


@pytest.fixture
async def clients(people: dict[str, Viewer], api: Client, sign_in: SignIn) -> dict[str, Client]:
    """One client for each of them, and one for nobody."""
    return {"nobody": api} | {name: await sign_in(each) for name, each in people.items()}


@pytest.fixture
async def picture(db: Database, people: dict[str, Viewer]) -> PostId:
    """A post of Ana's."""
    return await post(db, people["ana"])


async def add(client: Client, picture: PostId) -> str:
    """A comment, by its id."""
    done = await call(client, ADD, postId=str(picture), text="Oh")
    assert (done["errors"], done["comment"]["state"]) == ([], "VISIBLE")
    return str(done["comment"]["id"])


async def read(client: Client, picture: PostId, asked: str, states: list[str] | None = None) -> tuple[Any, ...]:
    """How many comments there are, their ids, their states, and whether one of them is found by its id."""
    seen = await client.ask(READ, id=str(picture), comment=asked, states=states)
    page = seen["post"]["comments"]["nodes"]
    ids = [each["id"] for each in page]
    assert sorted(ids) == sorted(each["id"] for each in seen["post"]["top"]["nodes"])
    return seen["post"]["commentCount"], ids, [each["state"] for each in page], seen["comment"] is not None


async def counts(clients: dict[str, Client], picture: PostId, asked: str) -> dict[str, int]:
    """How many comments everybody counts, who finds as many as that."""
    found = {name: await read(client, picture, asked) for name, client in clients.items()}
    assert {name: len(each[1]) for name, each in found.items()} == {name: each[0] for name, each in found.items()}
    return {name: each[0] for name, each in found.items()}


async def test_a_comment_of_a_restricted_person_waits_and_looks_to_them_like_any_other(
    clients: dict[str, Client], picture: PostId, backends: Backends
) -> None:
    shown = await add(clients["cleo"], picture)
    done = await call(clients["ben"], ADD, postId=str(picture), text="Oh")
    held = done["comment"]["id"]

    assert done["comment"] == {"id": held, "state": "VISIBLE", "viewerCanDelete": True}
    assert done["post"]["commentCount"] == len(done["post"]["comments"]["nodes"]) == 2
    assert await read(clients["ben"], picture, held) == (2, [shown, held], ["VISIBLE", "VISIBLE"], True)
    assert await read(clients["ana"], picture, held) == (2, [shown, held], ["VISIBLE", "HELD"], True)
    for name in ("cleo", "nobody"):
        assert await read(clients[name], picture, held) == (1, [shown], ["VISIBLE"], False)
    assert [each async for each in consistency.differences(backends)] == [
        f"posts_public of {picture.author_id}: 0 are counted, there are 1"
    ]


async def test_only_the_author_finds_comments_by_other_states(clients: dict[str, Client], picture: PostId) -> None:
    shown, held = await add(clients["cleo"], picture), await add(clients["ben"], picture)
    hidden = await add(clients["cleo"], picture)
    await call(clients["ana"], HIDE, commentIds=[hidden])

    def of(name: str, *states: str) -> Any:
        return read(clients[name], picture, shown, list(states))

    assert (await of("ana", "HELD"))[1:3] == ([held], ["HELD"])
    assert (await of("ana", "HIDDEN", "HELD"))[1:3] == ([held, hidden], ["HELD", "HIDDEN"])
    assert (await of("ana", "VISIBLE"))[1] == [shown]
    assert [(await of(name, "HELD", "HIDDEN"))[1] for name in ("ben", "cleo", "nobody")] == [[], [], []]
    assert (await of("ben", "VISIBLE"))[1] == [shown, held]
    assert (await of("cleo", "VISIBLE"))[1] == [shown, hidden]
    assert (await of("ana"))[1] == []


async def test_approving_shows_and_hiding_hides_and_counts_follow(
    clients: dict[str, Client], picture: PostId, backends: Backends
) -> None:
    held = await add(clients["ben"], picture)
    before = await counts(clients, picture, held)

    approved = await call(clients["ana"], APPROVE, commentIds=[held, held])
    everywhere = await counts(clients, picture, held)
    again = await call(clients["ana"], APPROVE, commentIds=[held])
    hidden = await call(clients["ana"], HIDE, commentIds=[held])
    after = await counts(clients, picture, held)
    removed = await call(clients["ben"], DELETE, commentId=held)

    assert before == after == {"nobody": 0, "ana": 1, "ben": 1, "cleo": 0}
    assert everywhere == dict.fromkeys(clients, 1)
    assert approved["comments"][0] == again["comments"][0] == {"id": held, "state": "VISIBLE"}
    assert hidden["comments"] == [{"id": held, "state": "HIDDEN"}]
    assert removed == {"post": {"commentCount": 0}, "errors": []}
    assert await counts(clients, picture, held) == dict.fromkeys(clients, 0)
    assert "comments" not in "".join([each async for each in consistency.differences(backends)])


async def test_what_was_said_before_a_restriction_stays_and_lifting_it_approves_nothing(
    clients: dict[str, Client], picture: PostId, db: Database, people: dict[str, Viewer]
) -> None:
    await stance(db, people["ana"], people["ben"], restricted_at=None)
    early = await add(clients["ben"], picture)
    await stance(db, people["ana"], people["ben"], restricted_at=clock.now())
    late = await add(clients["ben"], picture)
    await stance(db, people["ana"], people["ben"], restricted_at=None)

    assert (await read(clients["cleo"], picture, late))[:2] == (1, [early])
    assert (await read(clients["ben"], picture, late))[:2] == (2, [early, late])


@pytest.mark.parametrize("document", [HIDE, APPROVE], ids=["hide", "approve"])
async def test_only_the_author_of_the_post_moderates_and_all_or_nothing(
    clients: dict[str, Client], picture: PostId, db: Database, people: dict[str, Viewer], document: str
) -> None:
    own = str(await comment(db, people["cleo"], picture))
    held = str(await comment(db, people["ben"], picture, state="HELD"))
    elsewhere = str(await comment(db, people["ana"], await post(db, people["cleo"])))
    nowhere = str(CommentId(picture.author_id, new_uuid()))
    before = await content(db)

    def refused(code: str, place: int, **more: str) -> list[Any]:
        return [{"code": code, "path": ["input", "commentIds", str(place)]} | more]

    for ids, errors in (
        ([own, elsewhere], refused("NOT_ALLOWED", 1, reason="NOT_OWNER")),
        ([own, nowhere], refused("NOT_FOUND", 1, id=nowhere)),
        (["cmt_garbage", own], refused("NOT_FOUND", 0, id="cmt_garbage")),
    ):
        assert (await call(clients["ana"], document, commentIds=ids))["errors"] == errors
    assert (await call(clients["cleo"], document, commentIds=[own, held]))["errors"][0]["code"] == "NOT_ALLOWED"
    assert (await call(clients["cleo"], document, commentIds=[held]))["errors"] == refused("NOT_FOUND", 0, id=held)
    assert await content(db) == before
    assert await clients["nobody"].refusal(document, input={"commentIds": [own]}) == "UNAUTHENTICATED"


async def test_everybody_counts_the_comments_that_no_block_hides(
    clients: dict[str, Client], picture: PostId, db: Database, people: dict[str, Viewer]
) -> None:
    eva, fay = await person(db, "eva"), await person(db, "fay")
    await block(db, people["cleo"], eva)
    await block(db, fay, people["ana"])
    other = await post(db, people["cleo"])
    assert clients
    for writer in (eva, eva, fay, people["cleo"]):
        from_writer = await comment(db, writer, picture)
    await counted(db, picture, 4)
    for writer, state in ((eva, "HELD"), (people["ben"], "HELD"), (fay, "HELD")):
        await comment(db, writer, picture, state=state)
    await counted(db, picture, 3, "comments_held")

    found = await counts(clients, picture, str(from_writer))

    assert found == {"nobody": 4, "ana": 3 + 2, "ben": 4 + 1, "cleo": 4 - 2}
    assert (await read(clients["cleo"], other, str(from_writer)))[0] == 0


FILTER = mutation("updatePrivacySettings", "privacySettings { filteredWords } errors { code path message }")


async def test_comments_with_words_of_the_author_are_held_back(clients: dict[str, Client], picture: PostId) -> None:
    chosen = await call(clients["ana"], FILTER, filteredWords=["Café", " cafe ", "go \n away", "c++"])
    untouched = await call(clients["ana"], FILTER, filteredWords=None)
    said = ("Nice", "A CAFÉ, please", "cafeteria", "just Go  AWAY!", "go far away", "C++?", "décafé")
    for words in said:
        await call(clients["cleo"], ADD, postId=str(picture), text=words)
    own = await call(clients["ana"], ADD, postId=str(picture), text="My café")
    held = (await clients["ana"].ask(READ, id=str(picture), comment=own["comment"]["id"], states=["HELD"]))["post"]
    seen = (await clients["nobody"].ask(READ, id=str(picture), comment=own["comment"]["id"]))["post"]
    cleared = await call(clients["ana"], FILTER, filteredWords=[])
    after = await call(clients["cleo"], ADD, postId=str(picture), text="cafe")

    assert chosen["privacySettings"]["filteredWords"] == ["Café", "go away", "c++"]
    assert untouched == chosen
    assert (len(held["comments"]["nodes"]), held["commentCount"], seen["commentCount"]) == (3, 8, 5)
    assert (own["comment"]["state"], cleared["privacySettings"]["filteredWords"]) == ("VISIBLE", [])
    assert after["post"]["commentCount"] == 5 + 3 + 1


@pytest.mark.parametrize(
    ("words", "code", "place"),
    [(["ok", "  "], "REQUIRED", "1"), (["x" * 51], "TOO_LONG", "0"), (["\u0301"], "REQUIRED", "0")],
)
async def test_words_that_are_none_are_refused(
    clients: dict[str, Client], words: list[str], code: str, place: str
) -> None:
    (refused,) = (await call(clients["ana"], FILTER, filteredWords=words))["errors"]

    assert (refused["code"], refused["path"]) == (code, ["input", "filteredWords", place])


async def test_two_hundred_words_are_enough(clients: dict[str, Client]) -> None:
    many = [f"w{n}" for n in range(201)]

    assert (await call(clients["ana"], FILTER, filteredWords=many[:200]))["errors"] == []
    (refused,) = (await call(clients["ana"], FILTER, filteredWords=many))["errors"]
    assert refused["path"] == ["input", "filteredWords"]


async def test_a_preview_shows_a_held_comment_to_its_writer_alone(
    clients: dict[str, Client], picture: PostId, db: Database, people: dict[str, Viewer]
) -> None:
    await follow(db, people["cleo"], people["ben"])
    held = await add(clients["ben"], picture)

    seen = {name: await each.ask(READ, id=str(picture), comment=held) for name, each in clients.items()}

    shown = {name: each["post"]["commentPreview"] for name, each in seen.items()}
    assert shown == {"ana": [], "ben": [{"id": held}], "cleo": [], "nobody": []}


async def test_the_author_alone_may_moderate(clients: dict[str, Client], picture: PostId) -> None:
    held = await add(clients["ben"], picture)

    for name, may in (("ana", True), ("ben", False)):
        seen = await clients[name].ask(READ, id=str(picture), comment=held)
        assert [each["viewerCanModerate"] for each in seen["post"]["comments"]["nodes"]] == [may]


async def counted(db: Database, picture: PostId, number: int, name: str = "comments") -> None:
    """Count comments that a factory made."""

    async def work(tx: Write) -> None:
        counters.add(tx, picture.author_id, picture.id, **{name: number})

    await db.write(work)
