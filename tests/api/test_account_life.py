"""Going to sleep, asking to be deleted, and coming back."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from core import clock
from core.db import Database
from core.ids import UserId
from core.viewer import Viewer
from services import comments, likes
from services.auth import waking
from tests.api.conftest import SignIn
from tests.client import Client, call
from tests.factories.people import follow, person
from tests.factories.posts import comment, post

OWN = "account { status deletionScheduledFor }"
ANSWER = f"{{ {OWN} errors {{ code }} query {{ viewer {{ id }} }} }}"
MUTATION = "mutation ($input: %s!) { it: %s(input: $input) " + ANSWER + " }"
SLEEP = MUTATION % ("DeactivateAccountInput", "deactivateAccount")
LEAVE = MUTATION % ("RequestAccountDeletionInput", "requestAccountDeletion")
STAY = MUTATION % ("CancelAccountDeletionInput", "cancelAccountDeletion")
SEE = """query ($user: ID!, $post: ID!, $other: ID!) {
  user: node(id: $user) { ... on User { handle displayName status viewerAccess postCount posts { nodes { id } } } }
  post: node(id: $post) { id }
  other: node(id: $other) { ... on Post {
    likeCount likers { nodes { handle displayName } } comments { nodes { body { text } } } commentPreview { id }
  } }
  viewer { homeFeed { nodes { ... on Post { id } } } }
}"""


@pytest.fixture
async def ana(db: Database) -> Viewer:
    return await person(db, "ana", display_name="Ana Lima")


@pytest.fixture
async def seen(db: Database, sign_in: SignIn, ana: Viewer) -> Any:
    """What Ben, who follows Ana, sees of her: asks anew at each call."""
    ben = await person(db, "ben")
    await follow(db, ben, ana)
    hers, his = await post(db, ana), await post(db, ben)
    await db.write(lambda tx: likes.like_post(tx, ana, his))
    await db.write(lambda tx: comments.add_comment(tx, ana, his, "Nice!"))
    client = await sign_in(ben)

    async def look() -> Any:
        return await client.ask(SEE, user=str(UserId(ana.user_id)), post=str(hers), other=str(his))

    return look


async def test_who_sleeps_is_hidden_everywhere_and_comes_back_whole(
    db: Database, client: Client, ana: Viewer, seen: Any
) -> None:
    before = await seen()

    asleep = await call(client, SLEEP, reason="Too many cats.")
    hidden = await seen()
    await db.write(partial(waking.wake, user_id=ana.user_id))

    assert asleep["account"] == {"status": "DEACTIVATED", "deletionScheduledFor": None}
    assert asleep["errors"] == []
    assert hidden["user"] == {
        "handle": "ana",
        "displayName": "ana",
        "status": "DEACTIVATED",
        "viewerAccess": "UNAVAILABLE",
        "postCount": 0,
        "posts": {"nodes": []},
    }
    assert (hidden["post"], hidden["viewer"]["homeFeed"]["nodes"]) == (None, [])
    assert hidden["other"] == {
        "likeCount": 1,
        "likers": {"nodes": [{"handle": "ana", "displayName": "ana"}]},
        "comments": {"nodes": []},
        "commentPreview": [],
    }
    assert before["other"]["comments"]["nodes"] == [{"body": {"text": "Nice!"}}]
    assert await seen() == before


async def test_who_goes_to_sleep_is_logged_out_everywhere(client: Client, sign_in: SignIn, ana: Viewer) -> None:
    other = await sign_in(ana)

    await call(client, SLEEP)

    assert await client.refusal("{ viewer { id } }") == "UNAUTHENTICATED"
    assert await other.refusal("{ viewer { id } }") == "UNAUTHENTICATED"


async def test_a_deletion_hides_now_and_has_its_day(client: Client, seen: Any) -> None:
    asked = await call(client, LEAVE)
    hidden = await seen()
    again = await client.ask("{ viewer { account { status deletionScheduledFor } } }")

    due = datetime.fromisoformat(asked["account"]["deletionScheduledFor"])
    assert asked["account"]["status"] == "PENDING_DELETION"
    assert timedelta(days=29, hours=23) < due - clock.now() <= timedelta(days=30)
    assert hidden["user"]["status"] == "DEACTIVATED"
    assert hidden["post"] is None
    assert again["viewer"]["account"] == asked["account"]


async def test_who_waits_to_be_deleted_can_only_call_it_off(client: Client) -> None:
    await call(client, LEAVE)

    assert await client.refusal("{ viewer { homeFeed { nodes { __typename } } } }") == "ACCOUNT_RESTRICTED"
    assert (await call(client, STAY))["account"] == {"status": "ACTIVE", "deletionScheduledFor": None}
    await client.ask("{ viewer { homeFeed { nodes { __typename } } } }")


async def test_a_log_in_does_not_call_a_deletion_off(
    db: Database, client: Client, sign_in: SignIn, ana: Viewer, seen: Any
) -> None:
    await call(client, LEAVE)
    await db.write(partial(waking.wake, user_id=ana.user_id))

    assert (await seen())["post"] is None
    back = await sign_in(ana)
    assert (await back.ask("{ viewer { account { status } } }"))["viewer"]["account"]["status"] == "PENDING_DELETION"


async def test_a_deletion_can_be_called_off_without_waking_up(
    db: Database, client: Client, ana: Viewer, seen: Any
) -> None:
    before = await seen()
    await call(client, LEAVE)

    asleep = await call(client, STAY, reactivate=False)

    assert asleep["account"] == {"status": "DEACTIVATED", "deletionScheduledFor": None}
    assert await client.refusal("{ viewer { id } }") == "UNAUTHENTICATED"
    assert (await seen())["post"] is None
    await db.write(partial(waking.wake, user_id=ana.user_id))
    assert await seen() == before


async def test_calling_off_what_was_not_asked_for_changes_nothing(client: Client) -> None:
    assert (await call(client, STAY))["account"]["status"] == "ACTIVE"
    assert (await call(client, STAY, reactivate=False))["account"]["status"] == "ACTIVE"
    await client.ask("{ viewer { id } }")


@pytest.mark.parametrize("document", [SLEEP, LEAVE])
async def test_leaving_asks_for_a_proof(client: Client, document: str) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert [each["code"] for each in (await call(client, document))["errors"]] == ["REAUTHENTICATION_REQUIRED"]


@pytest.mark.parametrize("status", ["DEACTIVATED", "SUSPENDED"])
async def test_nobody_follows_or_watches_an_account_that_is_not_in_use(
    db: Database, sign_in: SignIn, status: str
) -> None:
    eva = await person(db, "eva", status=status)
    hers = await post(db, eva)
    await comment(db, eva, hers)
    ben = await sign_in(await person(db, "ben"))

    follow_her = "mutation ($id: ID!) { it: followUser(input: {userId: $id}) { errors { code } } }"
    like_it = "mutation ($id: ID!) { it: likePost(input: {postId: $id}) { errors { code } } }"

    assert (await ben.ask(follow_her, id=str(UserId(eva.user_id))))["it"]["errors"] == [{"code": "NOT_ALLOWED"}]
    assert (await ben.ask(like_it, id=str(hers)))["it"]["errors"] == [{"code": "NOT_FOUND"}]
