"""Following as clients do it, and the lists it makes."""

import asyncio
from typing import Any

import pytest

from core.db import Database
from core.ids import PostId, RelationshipId, UserId, new_uuid
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client, call_on, handles, mutation
from tests.factories.people import follow, person
from tests.factories.sessions import set_status
from tests.tables import content

ERRORS = "errors { __typename code path ... on NotFoundError { id } ... on NotAllowedError { reason } }"
FOLLOW = mutation(
    "followUser",
    f"""user {{ id followerCount followingCount relationship {{ followState }} }}
  relationship {{ id followState followedAt followsViewer user {{ handle }} }}
  viewer {{ user {{ followerCount followingCount }} }} {ERRORS}""",
)
UNFOLLOW = FOLLOW.replace("FollowUserInput", "UnfollowUserInput").replace("followUser(", "unfollowUser(")
BOTH = pytest.mark.parametrize("document", [FOLLOW, UNFOLLOW], ids=["follow", "unfollow"])
PAGE = """query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on User {
  LIST(first: $first, after: $after) {
    totalCount nodes { handle } edges { cursor followedAt node { handle followerCount relationship { followState } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} } } }"""
LISTS = pytest.mark.parametrize("name", ["followers", "following"])


@pytest.fixture
async def client(sign_in: SignIn, ben: Viewer) -> Client:
    """Ben's client."""
    return await sign_in(ben)


async def page(client: Client, name: str, who: Viewer, **window: Any) -> Any:
    found = await client.ask(PAGE.replace("LIST", name), id=str(UserId(who.user_id)), **window)
    return found["node"][name]


async def test_a_follow_counts_on_both_sides_and_a_repeat_changes_nothing(
    client: Client, db: Database, ana: Viewer, ben: Viewer
) -> None:
    await follow(db, ana, ben)

    done = await call_on(client, FOLLOW, ana)
    before = await content(db)
    again = await call_on(client, FOLLOW, ana)

    assert done["errors"] == []
    assert (done["user"]["followerCount"], done["user"]["relationship"]) == (1, {"followState": "FOLLOWING"})
    assert done["viewer"]["user"]["followingCount"] == 1
    relationship = done["relationship"]
    assert (relationship["followState"], relationship["followsViewer"]) == ("FOLLOWING", True)
    assert (relationship["user"]["handle"], relationship["followedAt"] is not None) == ("ana", True)
    assert relationship["id"] == str(RelationshipId(ben.user_id, ana.user_id))
    assert again == done
    assert await content(db) == before


async def test_an_unfollow_counts_back_and_a_repeat_changes_nothing(client: Client, db: Database, ana: Viewer) -> None:
    await call_on(client, FOLLOW, ana)

    done = await call_on(client, UNFOLLOW, ana)
    before = await content(db)
    again = await call_on(client, UNFOLLOW, ana)

    assert (done["user"]["followerCount"], done["viewer"]["user"]["followingCount"]) == (0, 0)
    assert (done["relationship"]["followState"], done["relationship"]["followedAt"]) == ("NOT_FOLLOWING", None)
    assert again == done
    assert await content(db) == before


async def test_follows_at_the_same_time_are_one(client: Client, ana: Viewer) -> None:
    answers = await asyncio.gather(*(call_on(client, FOLLOW, ana) for _ in range(5)))

    assert all(answer["errors"] == [] for answer in answers)
    assert (await page(client, "followers", ana))["totalCount"] == 1


async def test_each_side_follows_the_other_at_the_same_time(
    client: Client, sign_in: SignIn, ana: Viewer, ben: Viewer
) -> None:
    other = await sign_in(ana)

    for document in (FOLLOW, UNFOLLOW, FOLLOW):
        await asyncio.gather(
            *(call_on(client, document, ana) for _ in range(3)),
            *(call_on(other, document, ben) for _ in range(3)),
        )

    for who in (ana, ben):
        assert [(await page(client, name, who))["totalCount"] for name in ("followers", "following")] == [1, 1]


async def test_a_private_account_is_asked_and_nothing_counts(client: Client, db: Database) -> None:
    eva = await person(db, "eva", is_private=True)

    asked = await call_on(client, FOLLOW, eva)
    again = await call_on(client, FOLLOW, eva)
    taken_back = await call_on(client, UNFOLLOW, eva)

    assert (asked["relationship"]["followState"], asked["relationship"]["followedAt"]) == ("REQUESTED", None)
    assert (asked["user"]["followerCount"], asked["viewer"]["user"]["followingCount"]) == (0, 0)
    assert again == asked
    assert taken_back["relationship"]["followState"] == "NOT_FOLLOWING"


@BOTH
async def test_ids_that_lead_nowhere_are_not_found(client: Client, db: Database, ana: Viewer, document: str) -> None:
    gone = await person(db, "gone", status="DELETED")
    nowhere = [UserId(gone.user_id), UserId(new_uuid()), PostId(ana.user_id, new_uuid()), "", "usr_x", "\U0001f642"]
    before = await content(db)

    for each in nowhere:
        refused = await call_on(client, document, each)
        error = {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["input", "userId"], "id": str(each)}
        assert (refused["errors"], refused["user"], refused["relationship"]) == ([error], None, None)

    assert await content(db) == before


async def test_nobody_follows_themselves_or_an_account_that_is_not_in_use(
    client: Client, db: Database, ben: Viewer
) -> None:
    suspended = await person(db, "eva", status="SUSPENDED")
    before = await content(db)

    oneself = await call_on(client, FOLLOW, ben)
    closed = await call_on(client, FOLLOW, suspended)

    assert [(error["code"], error["path"]) for error in oneself["errors"]] == [("INVALID", ["input", "userId"])]
    assert [error["code"] for error in closed["errors"]] == ["NOT_ALLOWED"]
    assert await content(db) == before


@BOTH
async def test_who_is_not_signed_in_or_suspended_follows_nobody(
    api: Client, sign_in: SignIn, db: Database, ana: Viewer, document: str
) -> None:
    suspended = await sign_in(await person(db, "eva", status="SUSPENDED"))
    given = {"userId": str(UserId(ana.user_id))}

    assert await api.refusal(document, input=given) == "UNAUTHENTICATED"
    assert await suspended.refusal(document, input=given) == "ACCOUNT_RESTRICTED"


async def test_a_suspended_person_can_still_be_unfollowed(client: Client, db: Database, ana: Viewer) -> None:
    await call_on(client, FOLLOW, ana)
    await set_status(db, ana.user_id, "SUSPENDED")

    done = await call_on(client, UNFOLLOW, ana)

    assert (done["errors"], done["relationship"]["followState"]) == ([], "NOT_FOLLOWING")


async def test_followers_the_viewer_knows_come_first(client: Client, db: Database, ana: Viewer, ben: Viewer) -> None:
    fans = [await person(db, f"fan{number}") for number in range(4)]
    for fan in fans:
        await follow(db, fan, ana)
    await follow(db, ben, ana)
    await follow(db, ben, fans[0])

    first = await page(client, "followers", ana, first=2)
    await follow(db, await person(db, "late"), ana)
    rest = await page(client, "followers", ana, first=100, after=first["pageInfo"]["endCursor"])

    assert handles(first) + handles(rest) == ["fan0", "ben", "fan3", "fan2", "fan1"]
    assert [edge["followedAt"] is not None for edge in first["edges"]] == [False, True]
    assert first["edges"][0]["node"]["relationship"] == {"followState": "FOLLOWING"}


async def test_following_lists_the_newest_first_and_tells_the_owner_since_when(
    api: Client, client: Client, db: Database, ben: Viewer
) -> None:
    for number in range(5):
        await follow(db, ben, await person(db, f"idol{number}"))

    first = await page(client, "following", ben, first=3)
    rest = await page(client, "following", ben, after=first["pageInfo"]["endCursor"])

    assert handles(first) + handles(rest) == [f"idol{number}" for number in (4, 3, 2, 1, 0)]
    assert all(edge["followedAt"] for edge in first["edges"])
    assert not any(edge["followedAt"] for edge in (await page(api, "following", ben))["edges"])


@LISTS
async def test_lists_are_full_when_some_are_gone_and_leave_out_requests(
    api: Client, db: Database, ana: Viewer, *, name: str
) -> None:
    for number in range(20):
        status = "ACTIVE" if number in {0, 19} else "DELETED"
        other = await person(db, f"p{number}", status=status)
        await (follow(db, other, ana) if name == "followers" else follow(db, ana, other))
    asking = await person(db, "asking")
    await (follow(db, asking, ana, "PENDING") if name == "followers" else follow(db, ana, asking, "PENDING"))

    shown = await page(api, name, ana, first=2)

    assert (handles(shown), shown["pageInfo"]["hasNextPage"]) == (["p19", "p0"], False)


@LISTS
@pytest.mark.parametrize(
    ("facts", "access"), [({"is_private": True}, "PRIVATE"), ({"status": "SUSPENDED"}, "UNAVAILABLE")]
)
async def test_lists_of_closed_profiles_are_empty(
    api: Client, client: Client, db: Database, ben: Viewer, *, name: str, facts: dict[str, Any], access: str
) -> None:
    eva, other = await person(db, "eva", **facts), await person(db, "other")
    await follow(db, eva, other)
    await follow(db, other, eva)

    for viewer in (api, client):
        shown = await page(viewer, name, eva)
        assert (shown["nodes"], shown["edges"], shown["totalCount"]) == ([], [], 0)
        assert shown["pageInfo"] == dict.fromkeys(("hasNextPage", "hasPreviousPage"), False) | dict.fromkeys(
            ("startCursor", "endCursor")
        )
    if access == "PRIVATE":
        await follow(db, ben, eva)
        assert "other" in handles(await page(client, name, eva))


@LISTS
@pytest.mark.parametrize("window", [{"first": 0}, {"first": -5}, {"first": 101}, {"after": ""}, {"after": "garbage"}])
async def test_pages_outside_the_contract_are_refused(
    api: Client, ana: Viewer, *, name: str, window: dict[str, Any]
) -> None:
    document = PAGE.replace("LIST", name)

    assert await api.refusal(document, id=str(UserId(ana.user_id)), **window) == "BAD_USER_INPUT"


async def test_cursors_of_other_lists_are_refused(api: Client, db: Database, ana: Viewer, ben: Viewer) -> None:
    for follower, followee in ((ana, ben), (ben, ana)):
        await follow(db, follower, followee)
    cursor = (await page(api, "followers", ana))["pageInfo"]["endCursor"]

    for name, who in (("following", ana), ("followers", ben)):
        document = PAGE.replace("LIST", name)
        assert await api.refusal(document, id=str(UserId(who.user_id)), after=cursor) == "BAD_USER_INPUT"


@LISTS
async def test_a_page_costs_the_same_however_long_it_is(
    client: Client, db: Database, ana: Viewer, config: Settings, *, name: str
) -> None:
    # The reference executor comes to the fields of a level one after the other, and may miss a batch.
    most = 5 if config.engine == "compiled" else 6
    costs = []
    for number in range(1, 10):
        other = await person(db, f"p{number}")
        await (follow(db, other, ana) if name == "followers" else follow(db, ana, other))
        if number in {1, 9}:
            await page(client, name, ana)
            with counted() as statements:
                await page(client, name, ana, first=50)
            costs.append(len(statements))

    assert max(costs) <= most, statements.statements
