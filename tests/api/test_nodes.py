"""Anything by its global id, and what links lead to."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.backends import Backends
from core.db import Database
from core.ids import (
    CommentId,
    FollowRequestId,
    MediaId,
    PlaceId,
    PostId,
    RelationshipId,
    SessionId,
    UploadId,
    UserId,
    ViewerId,
    new_uuid,
)
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from models.media import Media
from schema.context import Context
from schema.nodes import present
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import follow, person
from tests.factories.posts import comment, hidden_posts, post
from tests.factories.uploads import upload

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
RESOURCE = "query ($url: URL!) { resource(url: $url) { __typename id } }"
PUBLISH = """mutation ($upload: ID!) { createPost(input: {
  content: {photo: {uploadId: $upload}}, caption: "Sea",
  place: {custom: {name: "Pier", coordinates: {latitude: 1, longitude: 2}}}
}) { post { id url author { id url } place { id url } media { id } } } }"""


async def nodes(client: Client, *ids: object) -> Any:
    return (await client.ask(NODES, ids=[str(each) for each in ids]))["nodes"]


async def resource(client: Client, url: str) -> Any:
    return (await client.ask(RESOURCE, url=url))["resource"]


async def private_ids(client: Client, db: Database, ana: Viewer) -> dict[str, str]:
    """Everything that only Ana can fetch again, by its type."""
    me = (await client.ask("{ viewer { id account { id } session { id } } }"))["viewer"]
    eva = await person(db, "eva")
    await follow(db, ana, eva, "PENDING")
    pending = await upload(db, ana, "OPEN")
    return {
        "Viewer": me["id"],
        "Account": me["account"]["id"],
        "Session": me["session"]["id"],
        "Upload": str(pending),
        "Image": str(MediaId(pending.user_id, pending.id)),
        "Relationship": str(RelationshipId(ana.user_id, eva.user_id)),
        "FollowRequest": str(FollowRequestId(ana.user_id, eva.user_id)),
    }


async def test_everything_public_is_fetched_again_by_its_id(
    api: Client, client: Client, db: Database, ana: Viewer
) -> None:
    made = (await client.ask(PUBLISH, upload=str(await upload(db, ana))))["createPost"]["post"]
    written = await comment(db, ana, PostId.parse(made["id"]))
    ids = [made["id"], made["author"]["id"], made["place"]["id"], made["media"][0]["id"], str(written)]

    found = await nodes(api, *ids)

    assert [(each["__typename"], each["id"]) for each in found] == list(
        zip(["Post", "User", "Place", "Image", "Comment"], ids, strict=True)
    )
    for each in found:
        assert (await api.ask(NODE, id=each["id"]))["node"] == each


async def test_what_is_private_is_there_for_its_owner_alone(
    api: Client, client: Client, sign_in: SignIn, db: Database, ana: Viewer
) -> None:
    private = await private_ids(client, db, ana)
    stranger = await sign_in(await person(db, "ben"))

    own = await nodes(client, *private.values())

    assert own == [{"__typename": kind, "id": each} for kind, each in private.items()]
    for viewer in (api, stranger):
        assert await nodes(viewer, *private.values()) == [None] * len(private)


async def test_order_and_repeats_are_kept_with_null_for_what_leads_nowhere(
    api: Client, db: Database, ana: Viewer
) -> None:
    made, user = str(await post(db, ana)), str(UserId(ana.user_id))
    hidden = [str(each) for each in await hidden_posts(db)]
    garbage = ["", "_", "pst", "pst_", "xyz_abc", made.lower(), made + "=", "\U0001f642", "a" * 10_000, user[4:]]
    asked = [user, *hidden, made, *garbage, user, made]

    found = await nodes(api, *asked)

    shown = [each and each["id"] for each in found]
    assert shown == [user, *[None] * len(hidden), made, *[None] * len(garbage), user, made]


async def test_pictures_are_seen_with_their_post_alone(
    api: Client, client: Client, sign_in: SignIn, db: Database, ana: Viewer
) -> None:
    hidden, shown = await hidden_posts(db), await post(db, ana)
    pictures = [await picture_of(db, each) for each in (*hidden, shown)]
    author = await sign_in(Viewer(id=hidden[0].author_id))

    for viewer in (api, client):
        assert await nodes(viewer, *pictures) == [
            *[None] * len(hidden),
            {"__typename": "Image", "id": str(pictures[-1])},
        ]
    assert (await nodes(author, pictures[0]))[0]["id"] == str(pictures[0])


async def picture_of(db: Database, post_id: PostId) -> MediaId:
    async with db.reading() as read:
        return MediaId(post_id.author_id, await read.scalar(select(Media.id).where(Media.post_id == post_id.id)))


async def test_unknown_ids_of_every_type_are_null(client: Client) -> None:
    one, two = new_uuid(), UUID(int=0)
    unknown: list[object] = [UserId(one), PlaceId(one), ViewerId(one), UserId(two)]
    between_two = RelationshipId, FollowRequestId
    unknown += [kind(one, two) for kind in (PostId, CommentId, MediaId, UploadId, SessionId, *between_two)]

    assert await nodes(client, *unknown) == [None] * len(unknown)


@pytest.mark.parametrize("count", [0, 101])
async def test_between_one_and_a_hundred_ids_are_taken(api: Client, count: int) -> None:
    assert await api.refusal(NODES, ids=["x"] * count) == "BAD_USER_INPUT"


async def test_a_hundred_nodes_cost_as_much_as_one(api: Client, db: Database, ana: Viewer) -> None:
    made = [str(await post(db, ana)) for _ in range(10)]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { id likeCount media { id } author { id } } } }"
    await api.ask(document, ids=made)
    costs = []
    for ids in (made[:1], made * 10):
        with counted() as statements:
            assert len((await api.ask(document, ids=ids))["nodes"]) == len(ids)
        costs.append(len(statements))

    assert costs == [1, 1], statements.statements


async def test_links_lead_to_what_they_were_made_for(api: Client, client: Client, db: Database, ana: Viewer) -> None:
    made = (await client.ask(PUBLISH, upload=str(await upload(db, ana))))["createPost"]["post"]
    written = await comment(db, ana, PostId.parse(made["id"]))
    comment_url = (await api.ask("query ($id: ID!) { comment(id: $id) { url } }", id=str(written)))["comment"]["url"]
    links = {
        made["url"]: made["id"],
        made["author"]["url"]: made["author"]["id"],
        made["place"]["url"]: made["place"]["id"],
        comment_url: str(written),
    }

    for url, expected in links.items():
        for variant in (url, f"{url}/" if "?" not in url else url, f"{url}#top"):
            assert (await resource(api, variant))["id"] == expected, variant


async def test_links_of_a_person_are_read_in_any_case_and_with_at(api: Client, config: Settings, ana: Viewer) -> None:
    base = config.public_url

    for path in ("ana", "ANA", "@ana", "%40ana", "ana?x=1"):
        assert (await resource(api, f"{base}/{path}"))["id"] == str(UserId(ana.user_id))
    assert (await resource(api, f"{base.upper()}/ana"))["id"] == str(UserId(ana.user_id))


async def test_other_links_lead_nowhere(api: Client, config: Settings, db: Database, ana: Viewer) -> None:
    base = config.public_url
    await post(db, ana, shortcode="second")
    await post(db, await person(db, "eva", is_private=True), shortcode="hidden")
    written = await comment(db, ana, await post(db, ana, shortcode="first"))
    paths = ["", "/", "/p", "/p/", "/p/unknown", "/p/hidden", "/p/first/more", "/nobody", "/places/x", "/places/"]
    paths += [
        "/graphql/x",
        "/p/first?comment=x",
        f"/p/second?comment={written}",
        "/%00",
        "/%ff",
        "/p/%00",
        "/\U0001f642",
    ]

    for path in paths:
        assert await resource(api, base + path) is None, path
    for foreign in (
        "https://example.com/ana",
        base.replace("localhost", "localhost.example.com") + "/ana",
        "https://ana@example.com/ana",
    ):
        assert await resource(api, foreign) is None


@pytest.mark.parametrize("url", ["", "ana", "/p/x", "http://", "http://[::1", "http://a:99999/x", "\0", "http://a\0/x"])
async def test_what_is_no_link_is_refused(api: Client, url: str) -> None:
    assert await api.refusal(RESOURCE, url=url) == "BAD_USER_INPUT"


async def test_what_vanishes_while_it_is_read_breaks_its_own_place_alone(backends: Backends, ana: Viewer) -> None:
    kept, gone = UserId(ana.user_id), UserId(new_uuid())

    found = await present(Context(backends, ana), [kept, gone, kept])

    assert [getattr(each, "code", None) for each in found] == [None, "UNAVAILABLE", None]
