"""What real clients send for their screens: every operation of `docs/operations/` runs, and says no where it must."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import OperationType, get_operation_ast, print_ast, validate

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.subscription import subscribe
from core.backends import Backends
from core.db import Database
from core.ids import UserId, new_uuid
from core.settings import Settings
from core.viewer import Viewer
from schema.context import Context
from schema.contract import contract
from services import comments, follows, likes
from tests.api.conftest import SignIn
from tests.client import Client, mutation
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.factories.second_factors import protect
from tests.factories.sessions import PASSWORD, account
from tests.factories.tags import picture_of, tag
from tests.factories.uploads import upload
from tests.operations import OPERATIONS
from tests.providers import HOME, Liar, description, with_providers

BY_KIND = {
    kind: [name for name, document in OPERATIONS.items() if get_operation_ast(document).operation is kind]  # type: ignore[union-attr]
    for kind in OperationType
}

INPUTS: Mapping[str, Mapping[str, Any]] = {
    "logOut": {},
    "revokeSessions": {},
    "changeHandle": {"handle": "x"},
    "changePassword": {"currentPassword": "x", "newPassword": "violet harbour"},
    "requestEmailVerification": {},
    "deactivateAccount": {},
    "requestAccountDeletion": {},
    "cancelAccountDeletion": {},
    "reauthenticate": {"proof": {"password": "x"}},
    "beginTotpSetup": {},
    "confirmTotpSetup": {"totp": "123456"},
    "beginSmsSetup": {"phoneNumber": "+4915112345678"},
    "confirmSmsSetup": {"sms": "123456"},
    "disableSms": {"code": {"sms": "123456"}},
    "disableTotp": {"code": {"totp": "123456"}},
    "regenerateRecoveryCodes": {"totp": "123456"},
    "unlinkProvider": {"linkedIdentityId": "x"},
    "updateAccount": {},
    "updatePrivacySettings": {},
    "setVerified": {"userId": "x", "isVerified": True, "reason": "x"},
    "setAccountRole": {"userId": "x", "role": "ADMIN", "reason": "x"},
    "updateProfile": {"bio": "x"},
    "followUser": {"userId": "x"},
    "unfollowUser": {"userId": "x"},
    "approveFollowRequest": {"requesterId": "x"},
    "denyFollowRequest": {"requesterId": "x"},
    "removeFollower": {"userId": "x"},
    "dismissSuggestion": {"userId": "x"},
    "blockUser": {"userId": "x"},
    "unblockUser": {"userId": "x"},
    "restrictUser": {"userId": "x"},
    "unrestrictUser": {"userId": "x"},
    "muteUser": {"userId": "x", "targets": []},
    "updateCloseFriends": {},
    "beginUpload": {"purpose": "POST", "contentType": "image/jpeg", "byteSize": 1},
    "completeUpload": {"uploadId": "x"},
    "cancelUpload": {"uploadId": "x"},
    "createPost": {"content": {"photo": {"uploadId": "x"}}},
    "updatePost": {"postId": "x"},
    "deletePost": {"postId": "x"},
    "updateMedia": {"mediaId": "x"},
    "removeTagOfViewer": {"postId": "x"},
    "likePost": {"postId": "x"},
    "unlikePost": {"postId": "x"},
    "addComment": {"postId": "x", "text": "x"},
    "deleteComment": {"commentId": "x"},
    "hideComments": {"commentIds": ["x"]},
    "approveComments": {"commentIds": ["x"]},
}
"""The least input of every mutation that needs a session."""


async def world(db: Database, ana: Viewer) -> dict[str, dict[str, Any]]:
    """Two people who know each other and a post, and the variables of every query and mutation about them."""
    known = {"ana": str(UserId(ana.user_id))}
    ben = await person(db, "ben", bio="With @ana", bio_mentions=known)
    await db.write(lambda tx: follows.follow_user(tx, ana, ben.user_id))
    shown = await post(db, ben, caption="Hello @ana", caption_mentions=known, shortcode="abcdefghijk")
    for viewer in (ana, ben):
        await db.write(lambda tx, viewer=viewer: likes.like_post(tx, viewer, shown))  # type: ignore[misc]
    written = await db.write(lambda tx: comments.add_comment(tx, ben, shown, "Hi @ana https://example.com"))
    await account(db, "cleo")
    app = await protect(db, await account(db, "dora", "dora@example.com"))
    await upload(db, ana, "OPEN")
    post_id, user_id = str(shown), str(UserId(ben.user_id))
    troll, own = str(UserId((await person(db, "troll")).user_id)), await post(db, ana)
    held = str(await comment(db, ben, own, state="HELD"))
    picture = str(await picture_of(db, own))
    await tag(db, shown, ana)
    file = {"purpose": "POST", "contentType": "image/jpeg", "byteSize": 10, "width": 4, "height": 5}
    return {
        "HomeScreen": {"postCount": 5},
        "HomeFeedNextPage": {"after": ""},
        "PostScreen": {"shortcode": "abcdefghijk"},
        "CommentsNextPage": {"postId": post_id, "after": comments.newest_cursor(shown, written), "order": "NEWEST"},
        "Likers": {"postId": post_id},
        "WriteComment": {"input": {"postId": post_id, "text": "Hi", "idempotencyKey": "of this tap"}},
        "Like": {"input": {"postId": post_id}},
        "ProfileScreen": {"handle": "@Ben"},
        "ProfileGridNextPage": {"userId": user_id, "after": "", "kinds": ["PHOTO"]},
        "Follow": {"input": {"userId": user_id}},
        "TaggedPosts": {"userId": known["ana"]},
        "Followers": {"userId": user_id, "query": "an"},
        "SimilarPeople": {"userId": user_id},
        "FollowRequests": {},
        "ApproveFollowRequest": {"input": {"requesterId": await asking(db, ana, "fay")}},
        "DenyFollowRequest": {"input": {"requesterId": await asking(db, ana, "gil")}},
        "RemoveFollower": {"input": {"userId": user_id}},
        "Suggestions": {},
        "DismissSuggestion": {"input": {"userId": user_id}},
        "PrivacyScreen": {},
        "UpdatePrivacy": {"input": {"isPrivate": True, "mentions": "FOLLOWING"}},
        "Block": {"input": {"userId": troll}},
        "Unblock": {"input": {"userId": troll}},
        "Restrict": {"input": {"userId": user_id}},
        "Unrestrict": {"input": {"userId": user_id}},
        "Mute": {"input": {"userId": user_id, "targets": ["POSTS"]}},
        "EditCloseFriends": {"input": {"add": [user_id]}},
        "HeldComments": {"postId": str(own)},
        "ApproveComments": {"input": {"commentIds": [held]}},
        "HideComments": {"input": {"commentIds": [held]}},
        "RemoveTag": {"input": {"postId": post_id}},
        "DescribePicture": {"input": {"mediaId": picture, "altText": "Ben", "tags": [{"userId": user_id}]}},
        "ComposeForm": {},
        "BeginUpload": {"input": {**file, "idempotencyKey": "of this file"}},
        "CompleteUpload": {"input": {"uploadId": str(await upload(db, ana))}},
        "ComposePost": {"input": {"content": {"photo": {"uploadId": str(await upload(db, ana))}}, "caption": "Sea"}},
        "LogIn": {"input": {"identifier": "cleo", "password": PASSWORD}},
        "CompleteLogIn": {"code": {"recoveryCode": app.recovery_codes[0]}},
        "LogInButtons": {},
        "LeaveForProvider": {"input": {"provider": "house", "redirectUri": HOME}},
        "ReturnFromProvider": {},
        "LinkedServices": {},
        "RefreshSession": {},
        "WhoAmI": {},
        "SelfCheck": {},
        "Devices": {},
        "RevokeSessions": {"input": {}},
        "OpenLink": {"url": "http://localhost:8000/p/abcdefghijk"},
    }


async def asking(db: Database, ana: Viewer, handle: str) -> str:
    """Somebody who waits to follow."""
    waiting = await person(db, handle)
    await follow(db, waiting, ana, "PENDING")
    return str(UserId(waiting.user_id))


def text(name: str) -> str:
    return print_ast(OPERATIONS[name])


async def continuations(client: Client, liar: Liar, variables: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What those operations take that follow from the answers of others: cursors of next pages, a token to trade."""
    entered = (await client.ask(text("LogIn"), **variables["LogIn"]))["logIn"]
    halfway = (await client.ask(text("LogIn"), input={"identifier": "dora", "password": PASSWORD}))["logIn"]
    left = (await client.ask(text("LeaveForProvider"), **variables["LeaveForProvider"]))["beginProviderLogIn"]
    feed = (await client.ask(text("HomeScreen")))["viewer"]["homeFeed"]
    grid = (await client.ask(text("ProfileScreen"), handle="ben"))["user"]["posts"]
    return {
        "CompleteLogIn": {
            "input": {"challengeToken": halfway["challenge"]["token"], "code": variables["CompleteLogIn"].pop("code")}
        },
        "ReturnFromProvider": {
            "input": {"state": left["state"], "authorizationCode": liar.code(left["authorizationUrl"])}
        },
        "RefreshSession": {"input": {"refreshToken": entered["tokens"]["refreshToken"]}},
        "HomeFeedNextPage": {"after": feed["pageInfo"]["endCursor"]},
        "ProfileGridNextPage": {"after": grid["pageInfo"]["endCursor"]},
    }


@pytest.fixture
def config(config: Settings, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return with_providers(monkeypatch, description(liar.issuer))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_fits_the_contract_and_the_running_schema(name: str) -> None:
    for each in (contract().schema, schema._schema):
        assert validate(each, OPERATIONS[name]) == []


async def test_every_query_and_mutation_runs_without_an_error(db: Database, sign_in: SignIn, liar: Liar) -> None:
    ana = await person(db, "ana")
    variables = await world(db, ana)
    client = await sign_in(ana)
    for name, more in (await continuations(client, liar, variables)).items():
        variables[name] |= more

    answers = {name: await client.ask(text(name), **variables[name]) for name in variables}

    assert set(variables) == {*BY_KIND[OperationType.QUERY], *BY_KIND[OperationType.MUTATION]}
    assert [edge["node"]["caption"]["text"] for edge in answers["HomeScreen"]["viewer"]["homeFeed"]["edges"]] == [
        "Hello @ana"
    ]
    assert answers["PostScreen"]["post"]["caption"]["segments"][1]["user"]["handle"] == "ana"
    assert answers["PostScreen"]["post"]["comments"]["edges"][0]["node"]["author"]["handle"] == "ben"
    assert [node["handle"] for node in answers["Likers"]["node"]["likers"]["nodes"]] == ["ben", "ana"]
    assert answers["ProfileScreen"]["user"]["bio"]["segments"][1]["user"]["handle"] == "ana"
    assert answers["ComposePost"]["createPost"]["post"]["status"] == "PUBLISHED"
    assert [node["id"] for node in answers["TaggedPosts"]["node"]["taggedPosts"]["nodes"]] == [
        answers["PostScreen"]["post"]["id"]
    ]
    assert [node["handle"] for node in answers["Followers"]["node"]["followers"]["nodes"]] == ["ana"]
    assert [each["user"]["handle"] for each in answers["DescribePicture"]["updateMedia"]["media"]["tags"]] == ["ben"]
    (linked,) = answers["LinkedServices"]["viewer"]["account"]["linkedIdentities"]
    assert linked["provider"] == answers["LogInButtons"]["identityProviders"][0]
    assert len(answers["BeginUpload"]["beginUpload"]["upload"]["parts"]) == 1
    assert all(
        payload["errors"] == [] for name in BY_KIND[OperationType.MUTATION] for payload in answers[name].values()
    )


async def test_signed_out_the_public_screens_read_the_same(api: Client, db: Database, sign_in: SignIn) -> None:
    ana = await person(db, "ana")
    variables = await world(db, ana)

    for name in ("PostScreen", "CommentsNextPage", "Likers", "ProfileScreen", "OpenLink"):
        (found,) = (await api.ask(text(name), **variables[name])).values()
        assert found is not None, name
    for name in ("HomeScreen", "WhoAmI"):
        assert await api.ask(text(name)) == {"viewer": None}
    seen = (await api.ask(text("PostScreen"), **variables["PostScreen"]))["post"]
    assert (seen["viewerHasLiked"], seen["viewerCanComment"], seen["author"]["relationship"]) == (False, False, None)


@pytest.mark.parametrize("name", BY_KIND[OperationType.SUBSCRIPTION])
async def test_every_subscription_opens(backends: Backends, db: Database, name: str) -> None:
    ana = await person(db, "ana")
    variables = {"after": "from now on", "postIds": [str(await post(db, ana))]}
    asked = {key: value for key, value in variables.items() if f"${key}" in text(name)}
    context = Context(backends, Viewer(id=ana.user_id, session_id=new_uuid()))

    answers = await subscribe(Graph(schema._schema), GraphQLRequest(text(name), asked), context)

    assert not isinstance(answers, dict), answers
    (event,) = (await anext(answers))["data"].values()
    assert event["reason"] == "CURSOR_INVALID"
    await answers.aclose()


async def test_whoever_needs_a_session_is_asked_for_one(api: Client, db: Database, sign_in: SignIn) -> None:
    suspended = await sign_in(await person(db, "eva", status="SUSPENDED"))
    levels = {
        each.where.removeprefix("Mutation."): each.values["requires"]
        for each in contract().all_applied()
        if each.name == "auth" and each.where.startswith("Mutation.")
    }

    assert set(levels) == set(INPUTS)
    for name, level in levels.items():
        document = mutation(name)
        assert await api.refusal(document, input=INPUTS[name]) == "UNAUTHENTICATED"
        if level != "ACCOUNT":
            assert await suspended.refusal(document, input=INPUTS[name]) == "ACCOUNT_RESTRICTED"


async def test_a_suspended_person_reads_the_account_and_nothing_private_beside_it(
    db: Database, sign_in: SignIn
) -> None:
    client = await sign_in(await person(db, "eva", status="SUSPENDED"))

    account = (await client.ask(text("WhoAmI")))["viewer"]["account"]

    assert account["status"] == "SUSPENDED"
    for field in (
        "homeFeed { nodes { __typename } }",
        'homeFeedHint(since: "x") { newPostCount }',
        "uploads { nodes { id } }",
    ):
        assert await client.refusal(f"{{ viewer {{ {field} }} }}") == "ACCOUNT_RESTRICTED"


@pytest.mark.parametrize("body", [b'{"query": "{ node(id: \\"\\ud800\\") { id } }"}', b'{"query": "\\ud800"}'])
async def test_half_a_character_is_no_text(api: Client, body: bytes) -> None:
    answer = await api.http.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_half_a_character_in_a_document_is_refused(api: Client) -> None:
    assert await api.refusal('{ user(by: {handle: "\\uD800"}) { id } }') == "PARSE_FAILED"
    assert await api.refusal('{ user(by: {handle: "\\u{D800}"}) { id } }') == "PARSE_FAILED"
