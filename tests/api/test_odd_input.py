"""Odd texts wherever a text can be sent: each is answered in the contract's words, and nothing breaks."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from core.db import Database
from core.ids import CommentId, MediaId, PlaceId, PostId, UploadId, UserId, new_uuid
from core.viewer import Viewer
from tests.api.test_operations import INPUTS
from tests.client import Client, mutation
from tests.factories.posts import post
from tests.tables import content

ODD = [
    "",
    " ",
    "\0",
    "\n",
    "x" * 10_000,
    "\U0001f642",
    "\ufdfd" * 500,
    "\u202e\u200b\ufeff",
    "e\u0301" * 20,
    "' or 1=1; drop table users; --",
    "%00%ff%",
    "{author} :author $1 %(x)s",
    "../../etc/passwd",
    "null",
    "9" * 400,
    *(str(kind(new_uuid())) for kind in (UserId, PlaceId)),
    *(str(kind(new_uuid(), new_uuid())) for kind in (PostId, CommentId, MediaId, UploadId)),
]
FULLER: Mapping[str, Mapping[str, Any]] = {
    **INPUTS,
    "signUp": {"email": "a@example.com", "password": "x" * 12, "handle": "x", "displayName": "x"},
    "logIn": {"identifier": "x", "password": "x"},
    "refreshSession": {"refreshToken": "x"},
    "updateProfile": {
        "displayName": "x",
        "bio": "x",
        "pronouns": "x",
        "links": [{"title": "x", "url": "https://example.com"}],
        "avatarUploadId": "x",
    },
    "beginUpload": {
        "purpose": "POST",
        "contentType": "image/jpeg",
        "byteSize": 1,
        "sha256": "0" * 64,
        "fileName": "x",
        "width": 1,
        "height": 1,
        "idempotencyKey": "x" * 8,
    },
    "createPost": {
        "content": {"carousel": {"items": [{"uploadId": "x", "altText": "x"}, {"uploadId": "y"}]}},
        "caption": "x",
        "place": {"placeId": "x"},
        "idempotencyKey": "x" * 8,
    },
    "updatePost": {
        "postId": "x",
        "caption": "x",
        "place": {"custom": {"name": "x", "coordinates": {"latitude": 1, "longitude": 1}}},
    },
    "addComment": {"postId": "x", "text": "x", "idempotencyKey": "x" * 8},
}
LISTS = {
    "posts": "user(by: {id: $id}) { posts(after: $text) { nodes { id } } }",
    "followers": "user(by: {id: $id}) { followers(after: $text) { nodes { id } } }",
    "following": "user(by: {id: $id}) { following(after: $text) { nodes { id } } }",
    "likers": "user(by: {id: $id}) { posts { nodes { likers(after: $text) { nodes { id } } } } }",
    "comments": "user(by: {id: $id}) { posts { nodes { comments(after: $text) { nodes { id } } } } }",
    "homeFeed": "user(by: {id: $id}) { id } viewer { homeFeed(after: $text) { mode } }",
    "homeFeedHint": "user(by: {id: $id}) { id } viewer { homeFeedHint(since: $text) { newPostCount } }",
    "uploads": "user(by: {id: $id}) { id } viewer { uploads(after: $text) { nodes { id } } }",
}
LOOKUPS = {
    "node": "node(id: $text) { id }",
    "nodes": "nodes(ids: [$text, $text]) { id }",
    "comment": "comment(id: $text) { id }",
    "post by id": "post(by: {id: $text}) { id }",
    "post by shortcode": "post(by: {shortcode: $short}) { id }",
    "user by id": "user(by: {id: $text}) { id }",
    "user by handle": "user(by: {handle: $short}) { id }",
}


def variants(given: Any, odd: str) -> Iterator[Any]:
    """The input with one of its texts after the other replaced."""
    match given:
        case str():
            yield odd
        case dict():
            for name, value in given.items():
                yield from ({**given, name: other} for other in variants(value, odd))
        case list():
            for place, value in enumerate(given):
                yield from ([*given[:place], other, *given[place + 1 :]] for other in variants(value, odd))


def codes(answer: Any) -> set[str]:
    """Codes of the top level and of payloads."""
    told = {error["extensions"]["code"] for error in answer.get("errors", ())}
    payloads = [payload for payload in (answer.get("data") or {}).values() if isinstance(payload, dict)]
    return told | {error["code"] for payload in payloads for error in payload.get("errors", ())}


@pytest.mark.parametrize("name", FULLER)
async def test_no_text_breaks_a_mutation(client: Client, name: str) -> None:
    document = mutation(name, "errors { code message path } query { __typename }")

    for odd in ODD:
        for given in variants(FULLER[name], odd):
            answer = (await client.send(document, input=given)).json()
            assert not codes(answer) & {"INTERNAL", "TIMEOUT", "UNAVAILABLE"}, (given, answer)


@pytest.mark.parametrize("name", LISTS)
async def test_no_cursor_breaks_a_list(client: Client, db: Database, ana: Viewer, name: str) -> None:
    await post(db, ana)

    for odd in ODD:
        document = f"query ($id: ID!, $text: String!) {{ {LISTS[name]} }}"
        assert await client.refusal(document, id=str(UserId(ana.user_id)), text=odd) == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", LOOKUPS)
async def test_no_name_breaks_a_lookup(client: Client, name: str) -> None:
    kind = "$short: String!" if "$short" in LOOKUPS[name] else "$text: ID!"

    for odd in ODD:
        given = {"short" if "$short" in kind else "text": odd}
        answer = (await client.send(f"query ({kind}) {{ it: {LOOKUPS[name]} }}", **given)).json()
        assert codes(answer) <= {"BAD_USER_INPUT"}, (odd, answer)
        assert (answer["data"] or {"it": None})["it"] in (None, [None, None])


async def test_odd_texts_that_are_texts_come_back_as_they_were(client: Client, db: Database, ana: Viewer) -> None:
    shown = await post(db, ana)
    add = "mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { body { text } } } }"
    texts = [odd for odd in ODD if odd.strip() and "\0" not in odd and len(odd) <= 1000]

    for odd in texts:
        done = (await client.ask(add, input={"postId": str(shown), "text": odd}))["addComment"]
        assert done["comment"]["body"]["text"] == odd


async def test_refused_texts_leave_nothing_behind(client: Client, db: Database, ana: Viewer) -> None:
    shown = str(await post(db, ana))
    add = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
    before = await content(db)

    for odd in ("", " ", "\0", "x\0", "x" * 1001):
        given = {"postId": shown, "text": odd, "idempotencyKey": "of this tap"}
        assert (await client.ask(add, input=given))["addComment"]["errors"] != []

    assert await content(db) == before
