"""Whom people mention in captions, comments and bios, and who may see that."""

from typing import Any

import pytest
from sqlalchemy import update

from core.db import Database
from core.statements import counted
from core.viewer import Viewer
from models.profiles import User
from services import mentions
from tests.client import Client, mutation
from tests.factories.people import block, follow, person
from tests.factories.posts import post
from tests.factories.tags import choose

RICH = "{ segments { __typename text ... on MentionSegment { user { handle } } } }"
COMMENT = mutation("addComment", f"comment {{ body {RICH} }} errors {{ code }}")
CAPTION = mutation("updatePost", f"post {{ id caption {RICH} mentions {{ handle }} }} errors {{ code }}")
BIO = mutation("updateProfile", f"user {{ bio {RICH} }} errors {{ code }}")
READ = f"query ($id: ID!) {{ node(id: $id) {{ ... on Post {{ caption {RICH} mentions {{ handle }} }} }} }}"


async def call(client: Client, document: str, **input: Any) -> Any:
    answer = (await client.ask(document, input=input))["it"]
    assert answer["errors"] == []
    return answer


def mentioned(rich: Any) -> list[str | None]:
    """The handles that the mentions of a text lead to; None for those that lead nowhere."""
    pieces = [each for each in rich["segments"] if each["__typename"] == "MentionSegment"]
    return [each["user"] and each["user"]["handle"] for each in pieces]


@pytest.mark.parametrize(
    ("audience", "may"),
    [
        ("EVERYONE", ["stranger", "fan", "friend", "self"]),
        ("FOLLOWERS", ["fan", "self"]),
        ("FOLLOWING", ["friend", "self"]),
        ("NOBODY", ["self"]),
    ],
)
async def test_people_are_mentioned_by_whom_they_let(db: Database, ana: Viewer, audience: str, may: list[str]) -> None:
    writers = {name: await person(db, name) for name in ("stranger", "fan", "friend")} | {"self": ana}
    await follow(db, writers["fan"], ana)
    await follow(db, writers["stranger"], ana, state="PENDING")
    await follow(db, ana, writers["friend"])
    await choose(db, ana, mention_audience=audience)

    async with db.transaction() as tx:
        found = {name: await mentions.resolve(tx, writer, "Hello @Ana") for name, writer in writers.items()}

    assert [name for name, each in found.items() if each] == may
    assert {tuple(each) for each in found.values()} <= {("ana",), ()}


async def test_who_may_not_be_mentioned_stays_plain_text(client: Client, ana: Viewer, db: Database) -> None:
    for handle in ("ben", "cleo"):
        await choose(db, await person(db, handle), mention_audience="NOBODY")
    await person(db, "dora")
    words, picture = "Hello @ben, @cleo and @dora!", str(await post(db, ana))

    comment = await call(client, COMMENT, postId=picture, text=words)
    caption = await call(client, CAPTION, postId=picture, caption=words)
    bio = await call(client, BIO, bio=words)

    texts = [comment["comment"]["body"], caption["post"]["caption"], bio["user"]["bio"]]
    assert [mentioned(text) for text in texts] == [["dora"]] * 3
    assert ["".join(piece["text"] for piece in text["segments"]) for text in texts] == [words] * 3
    assert caption["post"]["mentions"] == [{"handle": "dora"}]


@pytest.mark.parametrize("status", ["SUSPENDED", "DEACTIVATED", "DELETED"])
async def test_accounts_that_are_not_in_use_are_not_mentioned(
    client: Client, ana: Viewer, db: Database, status: str
) -> None:
    await person(db, "ben", status=status)

    written = await call(client, CAPTION, postId=str(await post(db, ana)), caption="Hello @ben")

    assert mentioned(written["post"]["caption"]) == []


async def test_a_mention_of_somebody_who_is_gone_leads_nowhere(client: Client, ana: Viewer, db: Database) -> None:
    ben, picture = await person(db, "ben"), str(await post(db, ana))
    await call(client, CAPTION, postId=picture, caption="Hello @ben")
    gone = update(User).where(User.id == ben.user_id).values(status="DELETED")
    await db.write(lambda tx: tx.execute(gone))

    seen = (await client.ask(READ, id=picture))["node"]

    assert mentioned(seen["caption"]) == [None]
    assert seen["mentions"] == []


@pytest.mark.parametrize("blocker", ["writer", "mentioned"])
async def test_nobody_is_mentioned_across_a_block(client: Client, ana: Viewer, db: Database, blocker: str) -> None:
    ben, picture = await person(db, "ben"), str(await post(db, ana))
    await call(client, CAPTION, postId=picture, caption="Hello @ben")
    await block(db, *((ana, ben) if blocker == "writer" else (ben, ana)))

    before = (await client.ask(READ, id=picture))["node"]
    written_anew = await call(client, CAPTION, postId=picture, caption="Hello again, @ben")

    assert mentioned(before["caption"]) == [None]
    assert mentioned(written_anew["post"]["caption"]) == []


async def test_another_choice_changes_nothing_that_is_written(client: Client, ana: Viewer, db: Database) -> None:
    ben, picture = await person(db, "ben"), str(await post(db, ana))
    await call(client, CAPTION, postId=picture, caption="Hello @ben")
    await choose(db, ben, mention_audience="NOBODY")

    before = (await client.ask(READ, id=picture))["node"]["caption"]
    written_anew = await call(client, CAPTION, postId=picture, caption="Hello again, @ben")

    assert mentioned(before) == ["ben"]
    assert mentioned(written_anew["post"]["caption"]) == []


async def test_twenty_mentions_take_as_many_statements_as_one(ana: Viewer, db: Database) -> None:
    for number in range(20):
        await person(db, f"fan{number}")
    words = " ".join(f"@fan{number}" for number in range(20))

    async with db.transaction() as tx:
        with counted() as statements:
            found = await mentions.resolve(tx, ana, words)
        with counted() as without:
            assert await mentions.resolve(tx, ana, "No names", None) == {}

    assert len(found) == 20
    assert (len(statements), len(without)) == (3, 0)
