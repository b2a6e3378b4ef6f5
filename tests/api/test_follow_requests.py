"""Requests to follow private accounts, as clients send and answer them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.ids import FollowRequestId, PostId, UserId, new_uuid
from core.settings import settings
from core.statements import counted
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client, mutation
from tests.factories.people import follow, person
from tests.factories.sessions import set_status
from tests.tables import content

ERRORS = "errors { __typename code path ... on NotFoundError { id } ... on LimitReachedError { limit } }"
AFTER = f"""relationship {{
  followState followsViewer hasRequestedViewer user {{ handle followerCount followingCount }}
}} {ERRORS}"""
FOLLOW = mutation("followUser", AFTER)
UNFOLLOW = mutation("unfollowUser", AFTER)
APPROVE = mutation(
    "approveFollowRequest",
    f"approvedRequestId viewer {{ user {{ followerCount }} followRequests {{ totalCount }} }} {AFTER}",
)
DENY = mutation("denyFollowRequest", f"deniedRequestId {AFTER}")
REMOVE = mutation("removeFollower", f"removedFollowerId viewer {{ user {{ followerCount }} }} {AFTER}")
ACTS = pytest.mark.parametrize("document", [APPROVE, DENY, REMOVE], ids=["approve", "deny", "remove"])
PAGE = """query ($first: Int, $after: String) { viewer { page: LIST(first: $first, after: $after) {
  totalCount nodes { id createdAt requester { handle } recipient { handle } }
  edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }"""
NODE = "query ($id: ID!) { node(id: $id) { id ... on FollowRequest { requester { handle } recipient { handle } } } }"

Enter = Callable[[str], Awaitable[tuple[Viewer, Client]]]


@pytest.fixture
async def eva(db: Database) -> Viewer:
    """Whose account is private."""
    return await person(db, "eva", is_private=True)


@pytest.fixture
async def client(sign_in: SignIn, eva: Viewer) -> Client:
    """Eva's client."""
    return await sign_in(eva)


@pytest.fixture
def enter(db: Database, sign_in: SignIn) -> Enter:
    """Gives a new person a client."""

    async def one(handle: str) -> tuple[Viewer, Client]:
        who = await person(db, handle)
        return who, await sign_in(who)

    return one


async def call(client: Client, document: str, user_id: object) -> Any:
    place = "userId" if document in {FOLLOW, UNFOLLOW, REMOVE} else "requesterId"
    return (await client.ask(document, input={place: str(user_id)}))["it"]


async def page(client: Client, name: str = "followRequests", **window: Any) -> Any:
    return (await client.ask(PAGE.replace("LIST", name), **window))["viewer"]["page"]


def askers(connection: Any) -> list[str]:
    return [node["requester"]["handle"] for node in connection["nodes"]]


async def events(db: Database) -> list[str]:
    """What was told of follows, in its order."""
    async with db.reading(fresh=True) as read:
        return list(await read.scalars(text("select event from outbox where event ilike '%follow%' order by id")))


async def test_a_request_waits_with_both_and_counts_nowhere(client: Client, enter: Enter, eva: Viewer) -> None:
    ana, other = await enter("ana")

    asked = await call(other, FOLLOW, UserId(eva.user_id))

    received, sent = await page(client), await page(other, "sentFollowRequests")
    assert (received["nodes"], received["totalCount"]) == (sent["nodes"], sent["totalCount"])
    (waiting,) = received["nodes"]
    assert (waiting["requester"], waiting["recipient"]) == ({"handle": "ana"}, {"handle": "eva"})
    assert waiting["id"] == str(FollowRequestId(ana.user_id, eva.user_id))
    assert (received["totalCount"], asked["relationship"]["user"]["followerCount"]) == (1, 0)
    assert (await page(other))["nodes"] == (await page(client, "sentFollowRequests"))["nodes"] == []


async def test_an_approved_request_is_a_follow_and_a_repeat_changes_nothing(
    client: Client, enter: Enter, db: Database, eva: Viewer
) -> None:
    ana, other = await enter("ana")
    await call(other, FOLLOW, UserId(eva.user_id))

    done = await call(client, APPROVE, UserId(ana.user_id))
    before = await content(db)
    again = await call(client, APPROVE, UserId(ana.user_id))

    assert done["errors"] == []
    assert done["approvedRequestId"] == str(FollowRequestId(ana.user_id, eva.user_id))
    assert done["viewer"] == {"user": {"followerCount": 1}, "followRequests": {"totalCount": 0}}
    relationship = done["relationship"]
    assert (relationship["followsViewer"], relationship["hasRequestedViewer"]) == (True, False)
    assert relationship["user"]["followingCount"] == 1
    assert again == done
    assert await content(db) == before
    assert (await page(other, "sentFollowRequests"))["nodes"] == []
    assert await events(db) == ["FollowRequested", "UserFollowed"]


async def test_a_denied_request_is_gone_and_may_be_made_again(
    client: Client, enter: Enter, db: Database, eva: Viewer
) -> None:
    ana, other = await enter("ana")
    await call(other, FOLLOW, UserId(eva.user_id))

    done = await call(client, DENY, UserId(ana.user_id))
    again = await call(client, DENY, UserId(ana.user_id))
    anew = await call(other, FOLLOW, UserId(eva.user_id))

    assert (done["errors"], done["deniedRequestId"]) == ([], str(FollowRequestId(ana.user_id, eva.user_id)))
    assert done["relationship"]["followsViewer"] is False
    assert again == done
    assert await events(db) == ["FollowRequested", "FollowRequestEnded", "FollowRequested"]
    assert anew["relationship"]["followState"] == "REQUESTED"
    assert askers(await page(client)) == ["ana"]


async def test_a_follower_is_not_denied_and_who_asks_is_not_removed(
    client: Client, enter: Enter, db: Database, eva: Viewer
) -> None:
    (ana, _), (ben, _) = await enter("ana"), await enter("ben")
    await follow(db, ana, eva)
    await follow(db, ben, eva, "PENDING")
    before = await content(db)

    denied = await call(client, DENY, UserId(ana.user_id))
    removed = await call(client, REMOVE, UserId(ben.user_id))

    assert denied["relationship"]["followsViewer"]
    assert (removed["errors"], removed["relationship"]["hasRequestedViewer"]) == ([], True)
    assert await content(db) == before


async def test_a_removed_follower_counts_no_more_and_a_repeat_changes_nothing(
    client: Client, enter: Enter, db: Database, eva: Viewer
) -> None:
    ana, other = await enter("ana")
    await call(other, FOLLOW, UserId(eva.user_id))
    await call(client, APPROVE, UserId(ana.user_id))

    done = await call(client, REMOVE, UserId(ana.user_id))
    before = await content(db)
    again = await call(client, REMOVE, UserId(ana.user_id))

    assert (done["errors"], done["removedFollowerId"]) == ([], str(UserId(ana.user_id)))
    assert done["viewer"] == {"user": {"followerCount": 0}}
    assert (done["relationship"]["followsViewer"], done["relationship"]["user"]["followingCount"]) == (False, 0)
    assert again == done
    assert await content(db) == before
    assert (await events(db))[-1] == "UserUnfollowed"


async def test_what_was_taken_back_cannot_be_approved(client: Client, enter: Enter, db: Database, eva: Viewer) -> None:
    ana, other = await enter("ana")
    await call(other, FOLLOW, UserId(eva.user_id))
    await call(other, UNFOLLOW, UserId(eva.user_id))
    before = await content(db)

    refused = await call(client, APPROVE, UserId(ana.user_id))

    path, given = ["input", "requesterId"], str(UserId(ana.user_id))
    assert refused["errors"] == [{"__typename": "NotFoundError", "code": "NOT_FOUND", "path": path, "id": given}]
    assert (refused["relationship"], refused["viewer"], refused["approvedRequestId"]) == (None, None, None)
    assert await content(db) == before


@ACTS
async def test_ids_that_lead_nowhere_are_not_found(client: Client, db: Database, eva: Viewer, document: str) -> None:
    gone = await person(db, "gone", status="DELETED")
    nowhere = [UserId(gone.user_id), UserId(new_uuid()), PostId(eva.user_id, new_uuid()), "", "usr_x"]
    before = await content(db)

    for each in nowhere:
        (error,) = (await call(client, document, each))["errors"]
        assert (error["code"], error["id"]) == ("NOT_FOUND", str(each))

    assert await content(db) == before


@ACTS
async def test_who_is_not_signed_in_or_suspended_answers_nobody(
    api: Client, sign_in: SignIn, db: Database, eva: Viewer, document: str
) -> None:
    suspended = await sign_in(await person(db, "sus", status="SUSPENDED"))
    given = {"userId" if document == REMOVE else "requesterId": str(UserId(eva.user_id))}

    assert await api.refusal(document, input=given) == "UNAUTHENTICATED"
    assert await suspended.refusal(document, input=given) == "ACCOUNT_RESTRICTED"


@pytest.mark.parametrize("status", ["SUSPENDED", "DEACTIVATED"])
async def test_requests_of_accounts_out_of_use_do_not_show_and_come_back(
    client: Client, enter: Enter, db: Database, eva: Viewer, status: str
) -> None:
    (ana, _), (ben, _) = await enter("ana"), await enter("ben")
    for each in (ana, ben):
        await follow(db, each, eva, "PENDING")
    request = str(FollowRequestId(ben.user_id, eva.user_id))

    await set_status(db, ben.user_id, status)
    hidden, gone = await page(client, first=1), await client.ask(NODE, id=request)
    refused = await call(client, APPROVE, UserId(ben.user_id))
    await set_status(db, ben.user_id, "ACTIVE")
    back = await page(client)

    assert (askers(hidden), hidden["totalCount"], hidden["pageInfo"]["hasNextPage"]) == (["ana"], 1, False)
    assert gone["node"] is None
    assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]
    assert (askers(back), back["totalCount"]) == (["ben", "ana"], 2)


async def test_a_request_is_fetched_again_by_its_two_people_alone(
    api: Client, client: Client, enter: Enter, eva: Viewer
) -> None:
    (ana, other), (_, stranger) = await enter("ana"), await enter("ben")
    await call(other, FOLLOW, UserId(eva.user_id))
    request = str(FollowRequestId(ana.user_id, eva.user_id))

    shown = {"id": request, "requester": {"handle": "ana"}, "recipient": {"handle": "eva"}}
    assert [(await each.ask(NODE, id=request))["node"] for each in (client, other)] == [shown, shown]
    assert [(await each.ask(NODE, id=request))["node"] for each in (api, stranger)] == [None, None]
    await call(client, APPROVE, UserId(ana.user_id))
    assert [(await each.ask(NODE, id=request))["node"] for each in (client, other)] == [None, None]


@pytest.mark.parametrize("name", ["followRequests", "sentFollowRequests"])
async def test_lists_are_paged_newest_first_and_cost_the_same_however_long(
    client: Client, db: Database, eva: Viewer, name: str
) -> None:
    handles, costs = [f"p{number}" for number in range(9)], []
    for handle in handles:
        other = await person(db, handle)
        await follow(db, *((other, eva) if name == "followRequests" else (eva, other)), "PENDING")
        with counted() as statements:
            shown = await page(client, name, first=50)
        costs.append(len(statements))
    first = await page(client, name, first=4)
    rest = await page(client, name, after=first["pageInfo"]["endCursor"])

    who = "requester" if name == "followRequests" else "recipient"
    assert [node[who]["handle"] for node in (*first["nodes"], *rest["nodes"])] == handles[::-1]
    assert (shown["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (9, True, False)
    assert len(set(costs[1:])) == 1
    assert costs[-1] <= 5


async def test_cursors_of_other_lists_are_refused(client: Client, enter: Enter, db: Database, eva: Viewer) -> None:
    ana, other = await enter("ana")
    await follow(db, ana, eva, "PENDING")
    cursor = (await page(client))["pageInfo"]["endCursor"]

    for each, name in ((client, "sentFollowRequests"), (other, "followRequests")):
        assert await each.refusal(PAGE.replace("LIST", name), after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("setting", "is_private"), [("APERTURE_FOLLOWING_LIMIT", False), ("APERTURE_FOLLOW_REQUESTS_LIMIT", True)]
)
async def test_as_many_as_the_limit_says_are_followed_or_asked_and_no_more(
    enter: Enter, db: Database, monkeypatch: pytest.MonkeyPatch, *, setting: str, is_private: bool
) -> None:
    monkeypatch.setenv(setting, "2")
    settings.cache_clear()
    _, other = await enter("ana")
    people = [await person(db, f"p{number}", is_private=is_private) for number in range(3)]
    done = [await call(other, FOLLOW, UserId(each.user_id)) for each in people[:2]]
    before = await content(db)

    refused = await call(other, FOLLOW, UserId(people[2].user_id))

    assert [each["errors"] for each in done] == [[], []]
    assert [(error["code"], error["limit"]) for error in refused["errors"]] == [("LIMIT_REACHED", 2)]
    assert await content(db) == before
    await call(other, UNFOLLOW, UserId(people[0].user_id))
    assert (await call(other, FOLLOW, UserId(people[2].user_id)))["errors"] == []
