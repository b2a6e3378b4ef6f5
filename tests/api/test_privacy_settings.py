"""What people choose for all they publish, and what it does."""

from functools import partial
from typing import Any

from sqlalchemy import select

from core.db import Database
from core.viewer import Viewer
from models.follows import Follower
from services import counters, follows
from tests.api.conftest import SignIn
from tests.client import Client, mutation
from tests.factories.people import follow, person
from tests.factories.posts import post
from tests.factories.uploads import upload
from tests.tables import facts

AUDIENCES = ("comments", "mentions", "tags")
SETTINGS = f"{{ isPrivate hideLikeCounts isDiscoverable filteredWords {' '.join(AUDIENCES)} }}"
READ = f"{{ viewer {{ privacySettings {{ id ... on PrivacySettings {SETTINGS} }} }} }}"
FIND = f"query ($id: ID!) {{ node(id: $id) {{ ... on PrivacySettings {SETTINGS} }} }}"
UPDATE = mutation("updatePrivacySettings", f"privacySettings {SETTINGS} errors {{ code }}")


async def update(client: Client, **input: Any) -> Any:
    return (await client.ask(UPDATE, input=input))["it"]


async def test_settings_change_one_by_one(client: Client, db: Database) -> None:
    before = (await client.ask(READ))["viewer"]["privacySettings"]
    found = await client.ask(FIND, id=before["id"])

    await update(client, hideLikeCounts=True)
    await update(client, comments="FOLLOWERS", hideLikeCounts=None)
    await update(client, mentions="FOLLOWING", tags="NOBODY", isDiscoverable=False)
    await update(client, mentions=None, tags=None, isDiscoverable=None)
    changed = await update(client, isPrivate=True)
    again = await update(client, isPrivate=True)

    usual = {"isPrivate": False, "hideLikeCounts": False, "isDiscoverable": True, "filteredWords": []}
    assert found["node"] == usual | dict.fromkeys(AUDIENCES, "EVERYONE")
    chosen = {"comments": "FOLLOWERS", "mentions": "FOLLOWING", "tags": "NOBODY"}
    switches = {"isPrivate": True, "hideLikeCounts": True, "isDiscoverable": False}
    assert changed["privacySettings"] == chosen | switches | {"filteredWords": []}
    assert again == changed
    assert await facts(db, "PrivacyChanged") == 1


async def test_nobody_reads_the_settings_of_others(client: Client, db: Database, sign_in: SignIn, api: Client) -> None:
    mine = (await client.ask(READ))["viewer"]["privacySettings"]["id"]
    ben = await sign_in(await person(db, "ben"))

    for other in (ben, api):
        assert (await other.ask("query ($id: ID!) { node(id: $id) { id } }", id=mine))["node"] is None


async def test_a_private_account_is_private_at_once(client: Client, ana: Viewer, db: Database, api: Client) -> None:
    picture = await post(db, ana)
    read = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await api.ask(read, id=str(picture)))["node"]

    await update(client, isPrivate=True)

    assert (await api.ask(read, id=str(picture)))["node"] is None


async def test_new_posts_begin_as_the_author_chose(client: Client, ana: Viewer, db: Database, sign_in: SignIn) -> None:
    await update(client, comments="NOBODY", hideLikeCounts=True)
    publish = mutation("createPost", "post { id commentAudience }")
    content = [{"photo": {"uploadId": str(await upload(db, ana))}} for _ in range(2)]

    usual = (await client.ask(publish, input={"content": content[0]}))["it"]["post"]
    said = {"content": content[1], "commentAudience": "EVERYONE", "hideLikeCount": False}
    other = (await client.ask(publish, input=said))["it"]["post"]
    seen = await (await sign_in(await person(db, "ben"))).ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { likeCount } } }", ids=[usual["id"], other["id"]]
    )

    assert (usual["commentAudience"], other["commentAudience"]) == ("NOBODY", "EVERYONE")
    assert seen["nodes"] == [{"likeCount": None}, {"likeCount": 0}]


async def test_who_waits_is_let_in_when_the_account_opens(
    client: Client, ana: Viewer, db: Database, sign_in: SignIn
) -> None:
    await update(client, isPrivate=True)
    fans = [await person(db, f"fan{number}") for number in range(5)]
    for fan in fans:
        await db.write(partial(follows.follow_user, viewer=fan, user_id=ana.user_id))

    closed = await db.write(lambda tx: follows.let_in(tx, ana.user_id, 2))
    waiting = await states(db, ana)
    await update(client, isPrivate=False)
    rounds = [await db.write(lambda tx: follows.let_in(tx, ana.user_id, 2)) for _ in range(4)]

    assert closed
    assert waiting == ["PENDING"] * 5
    assert rounds == [False, False, True, True]
    assert await states(db, ana) == ["ACTIVE"] * 5
    async with db.reading() as read:
        counts = await counters.read(read, [(each.user_id, each.user_id) for each in (ana, fans[0])])
    assert [dict(each) for each in counts.values()] == [{"followers": 5}, {"following": 1}]
    assert await facts(db, "UserFollowed") == 5


async def test_whoever_follows_already_stays(client: Client, ana: Viewer, db: Database) -> None:
    ben = await person(db, "ben")
    await follow(db, ben, ana)

    await update(client, isPrivate=True)
    await update(client, isPrivate=False)

    assert await states(db, ana) == ["ACTIVE"]


async def states(db: Database, who: Viewer) -> list[str]:
    async with db.reading(fresh=True) as read:
        return list(await read.scalars(select(Follower.state).where(Follower.followee_id == who.user_id)))
