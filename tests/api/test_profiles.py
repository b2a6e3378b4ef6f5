"""Profiles as clients find, read and change them."""

from typing import Any

import pytest
from sqlalchemy import func, select

from core.db import Database
from core.ids import PostId, UploadId, UserId, new_uuid
from core.statements import counted
from core.viewer import Viewer
from models.profiles import User
from tests.api.conftest import SignIn
from tests.client import Client, mutation
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.factories.sessions import set_status
from tests.factories.uploads import upload
from tests.tables import content

USER = """{
  id handle displayName pronouns bio { text segments { __typename text ... on MentionSegment { user { handle } } } }
  avatar { id status } links { title url } url isVerified isPrivate status joinedAt isViewer viewerAccess
  relationship { followState followsViewer } followerCount followingCount postCount
  followers { totalCount nodes { id } } following { nodes { id } } posts { nodes { id } }
}"""
FIND = f"query ($by: UserLookup!) {{ user(by: $by) {USER} }}"
UPDATE = mutation(
    "updateProfile",
    f"""user {USER}
  errors {{ __typename code path ... on ValidationError {{ constraint limit }} ... on NotFoundError {{ id }} }}""",
)
NESTED = """query ($id: ID!, $first: Int!) { node(id: $id) { ... on User { following(first: $first) { nodes {
  handle followers(first: 2) { nodes { handle } } following(first: 2) { nodes { handle } }
  posts(first: 1) { pageInfo { hasNextPage } nodes {
    id likers(first: 2) { nodes { handle } }
    top: comments(first: 2) { nodes { id } } oldest: comments(first: 2, order: OLDEST) { nodes { id } }
  } }
} } } } }"""
ALL = {"bio": "Hi", "pronouns": "she", "links": [{"title": None, "url": "https://example.com"}], "is_verified": True}


@pytest.fixture
async def ana(db: Database) -> Viewer:
    return await person(db, "Ana.Lima")


async def find(client: Client, **by: str) -> Any:
    return (await client.ask(FIND, by=by))["user"]


async def update(client: Client, **input: Any) -> Any:
    return (await client.ask(UPDATE, input=input))["it"]


@pytest.mark.parametrize("handle", ["Ana.Lima", "ana.lima", "ANA.LIMA", "@ana.lima", "@ANA.lima"])
async def test_a_handle_is_found_in_any_case_with_or_without_at(api: Client, ana: Viewer, handle: str) -> None:
    found = await find(api, handle=handle)

    assert (found["id"], found["handle"]) == (str(UserId(ana.user_id)), "Ana.Lima")
    assert found["url"].endswith("/Ana.Lima")
    assert (found["relationship"], found["isViewer"], found["viewerAccess"]) == (None, False, "FULL")


@pytest.mark.parametrize(
    "handle", ["", "@", "@@ana.lima", "ana", "ana.lima ", "ana_lima", "%", "' or 1=1 --", "\u0130"]
)
async def test_other_handles_lead_nowhere(api: Client, ana: Viewer, handle: str) -> None:
    assert await find(api, handle=handle) is None


@pytest.mark.parametrize("by", [{"handle": "x" * 32}, {"handle": "a\0"}, {"handle": None}, {"id": None}, {}])
async def test_a_lookup_is_one_sound_name(api: Client, by: dict[str, Any]) -> None:
    assert await api.refusal(FIND, by=by) == "BAD_USER_INPUT"


async def test_ids_lead_to_people_alone(api: Client, db: Database, ana: Viewer) -> None:
    made = await post(db, ana)

    assert (await find(api, id=str(UserId(ana.user_id))))["handle"] == "Ana.Lima"
    for other in (
        UserId(new_uuid()),
        made,
        PostId(ana.user_id, ana.user_id),
        "",
        "usr_",
        str(UserId(ana.user_id)) + "A",
    ):
        assert await find(api, id=str(other)) is None


async def test_a_private_profile_shows_its_head_alone_except_to_followers(
    api: Client, sign_in: SignIn, db: Database
) -> None:
    eva = await person(db, "eva", is_private=True, **ALL)
    fan, asking = await person(db, "fan"), await person(db, "asking")
    await follow(db, fan, eva)
    await follow(db, asking, eva, "PENDING")
    made = await post(db, eva)

    seen = {
        "nobody": await find(api, handle="eva"),
        "asking": await find(await sign_in(asking), handle="eva"),
        "fan": await find(await sign_in(fan), handle="eva"),
        "self": await find(await sign_in(eva), handle="eva"),
    }

    for who in ("nobody", "asking"):
        assert (seen[who]["viewerAccess"], seen[who]["isPrivate"]) == ("PRIVATE", True)
        assert (seen[who]["bio"]["text"], seen[who]["pronouns"]) == ("Hi", "she")
        assert [seen[who][name]["nodes"] for name in ("followers", "following", "posts")] == [[], [], []]
    for who in ("fan", "self"):
        assert seen[who]["viewerAccess"] == "FULL"
        assert seen[who]["posts"]["nodes"] == [{"id": str(made)}]
        assert seen[who]["followers"]["nodes"] == [{"id": str(UserId(fan.user_id))}]
    assert seen["asking"]["relationship"] == {"followState": "REQUESTED", "followsViewer": False}
    assert seen["fan"]["relationship"]["followState"] == "FOLLOWING"
    assert (seen["self"]["relationship"], seen["self"]["isViewer"]) == (None, True)


async def test_a_suspended_profile_shows_its_handle_alone(
    api: Client, client: Client, db: Database, ana: Viewer
) -> None:
    eva = await person(db, "eva", display_name="Eva", **ALL)
    await client.ask(
        "mutation ($id: ID!) { followUser(input: {userId: $id}) { errors { code } } }", id=str(UserId(eva.user_id))
    )
    await post(db, eva)
    await set_status(db, eva.user_id, "SUSPENDED")

    for viewer in (api, client):
        seen = await find(viewer, handle="eva")
        assert (seen["handle"], seen["displayName"], seen["status"]) == ("eva", "eva", "SUSPENDED")
        assert (seen["viewerAccess"], seen["bio"], seen["links"]) == ("UNAVAILABLE", None, [])
        assert (seen["pronouns"], seen["avatar"], seen["isVerified"]) == (None, None, False)
        assert [seen[name] for name in ("followerCount", "followingCount", "postCount")] == [0, 0, 0]
        assert seen["followers"] == {"totalCount": 0, "nodes": []}
        assert seen["posts"] == {"nodes": []}


async def test_a_suspended_person_reads_the_own_profile(sign_in: SignIn, db: Database) -> None:
    eva = await person(db, "eva", status="SUSPENDED", **ALL)

    seen = await find(await sign_in(eva), handle="eva")

    assert (seen["viewerAccess"], seen["bio"]["text"], seen["status"]) == ("FULL", "Hi", "SUSPENDED")


async def test_a_deleted_person_is_nowhere(api: Client, client: Client, db: Database) -> None:
    eva = await person(db, "eva", status="DELETED")

    for viewer in (api, client):
        assert await find(viewer, handle="eva") is None
        assert await find(viewer, id=str(UserId(eva.user_id))) is None


async def test_only_what_is_named_changes_and_null_clears(client: Client, db: Database, ana: Viewer) -> None:
    everything = await update(
        client,
        displayName="Ana \U0001f30a",
        bio="Sea. @ana.lima",
        pronouns="she",
        links=[{"title": "Me", "url": "https://example.com/a"}, {"url": "http://example.org"}],
    )
    nothing = await update(client)
    cleared = await update(client, bio=None, pronouns="", links=None)

    changed = everything["user"]
    assert everything["errors"] == []
    assert (changed["displayName"], changed["pronouns"]) == ("Ana \U0001f30a", "she")
    assert [each["__typename"] for each in changed["bio"]["segments"]] == ["PlainSegment", "MentionSegment"]
    assert changed["bio"]["segments"][1]["user"] == {"handle": "Ana.Lima"}
    assert changed["links"] == [
        {"title": "Me", "url": "https://example.com/a"},
        {"title": None, "url": "http://example.org"},
    ]
    assert nothing == everything
    assert cleared["user"] == {**changed, "bio": None, "pronouns": None, "links": []}


async def test_the_same_change_again_changes_nothing_to_see(client: Client) -> None:
    first = await update(client, displayName="Ana", bio="Sea")

    assert await update(client, displayName="Ana", bio="Sea") == first


@pytest.mark.parametrize(("bad", "code", "constraint", "path"), [
    ({"displayName": None}, "REQUIRED", None, ["displayName"]),
    ({"displayName": " "}, "REQUIRED", None, ["displayName"]),
    ({"displayName": ""}, "TOO_SHORT", "minLength", ["displayName"]),
    ({"displayName": "\U0001f642" * 51}, "TOO_LONG", "maxLength", ["displayName"]),
    ({"displayName": "nul\0"}, "BAD_FORMAT", None, ["displayName"]),
    ({"bio": "x" * 151}, "TOO_LONG", "maxLength", ["bio"]),
    ({"pronouns": "x" * 31}, "TOO_LONG", "maxLength", ["pronouns"]),
    ({"links": [{"url": "https://example.com"}] * 6}, "TOO_MANY", "maxItems", ["links"]),
    ({"links": [{"url": "https://example.com", "title": "x" * 41}]}, "TOO_LONG", "maxLength", ["links", "0", "title"]),
    ({"links": [{"url": "ftp://example.com"}]}, "BAD_FORMAT", None, ["links", "0", "url"]),
    ({"links": [{"url": "https://example.com"}, {"url": "javascript://example.com/%0aalert(1)"}]},
     "BAD_FORMAT", None, ["links", "1", "url"]),
])  # fmt: skip
async def test_bad_input_is_told_with_its_place_and_changes_nothing(
    client: Client, db: Database, *, bad: dict[str, Any], code: str, constraint: str | None, path: list[str]
) -> None:
    before = await content(db)

    refused = await update(client, **{"pronouns": "they", **bad})

    (error,) = refused["errors"]
    assert (error["code"], error["constraint"], error["path"]) == (code, constraint, ["input", *path])
    assert refused["user"] is None
    assert await content(db) == before


async def test_the_longest_texts_pass(client: Client) -> None:
    done = await update(
        client,
        displayName="\U0001f642" * 50,
        bio="\U0001f642" * 150,
        pronouns="é" * 30,
        links=[{"url": "https://example.com", "title": "x" * 40}] * 5,
    )

    assert (done["errors"], len(done["user"]["links"])) == ([], 5)


async def test_a_url_that_is_none_is_refused(client: Client) -> None:
    for url in ("", "example.com", "/path", "https://", "http://[::1", "https://a b"):
        assert await client.refusal(UPDATE, input={"links": [{"url": url}]}) == "BAD_USER_INPUT"


async def test_a_ready_upload_becomes_the_picture_and_null_takes_it_away(
    api: Client, client: Client, db: Database, ana: Viewer
) -> None:
    picture = await upload(db, ana, purpose="AVATAR")

    done = await update(client, avatarUploadId=str(picture))
    again = await update(client, avatarUploadId=str(picture))
    seen = await find(api, id=str(UserId(ana.user_id)))
    gone = await update(client, avatarUploadId=None)

    assert done["errors"] == []
    assert done["user"]["avatar"]["status"] == "READY"
    assert again == done
    assert seen["avatar"] == done["user"]["avatar"]
    assert gone["user"]["avatar"] is None


async def test_uploads_that_cannot_be_a_picture_are_refused(client: Client, db: Database, ana: Viewer) -> None:
    expected: list[tuple[object, str]] = [
        (await upload(db, ana, "PROCESSING", "AVATAR"), "MEDIA_NOT_READY"),
        (await upload(db, ana, "OPEN", "AVATAR"), "MEDIA_NOT_READY"),
        (await upload(db, ana, "FAILED", "AVATAR"), "MEDIA_REJECTED"),
        (await upload(db, ana), "INVALID"),
        (await upload(db, await person(db, "eva"), purpose="AVATAR"), "NOT_FOUND"),
        (UploadId(ana.user_id, new_uuid()), "NOT_FOUND"),
        (UserId(ana.user_id), "NOT_FOUND"),
        ("", "NOT_FOUND"),
    ]
    before = await content(db)

    for bad, code in expected:
        refused = await update(client, avatarUploadId=str(bad), bio="Changed")
        assert [(error["code"], error["path"]) for error in refused["errors"]] == [(code, ["input", "avatarUploadId"])]

    assert await content(db) == before


async def test_only_an_account_in_good_standing_changes_its_profile(api: Client, sign_in: SignIn, db: Database) -> None:
    suspended = await sign_in(await person(db, "eva", status="SUSPENDED"))

    assert await api.refusal(UPDATE, input={"bio": "x"}) == "UNAUTHENTICATED"
    assert await suspended.refusal(UPDATE, input={"bio": "x"}) == "ACCOUNT_RESTRICTED"
    async with db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(User).where(User.bio.is_not(None))) == 0


async def test_a_screen_of_a_profile_costs_few_statements(client: Client, db: Database) -> None:
    eva = await person(db, "eva", **ALL)
    for number in range(12):
        await post(db, eva)
        await follow(db, await person(db, f"fan{number}"), eva)
    await find(client, handle="eva")

    with counted() as statements:
        seen = await find(client, handle="eva")

    assert len(seen["posts"]["nodes"]) == len(seen["followers"]["nodes"]) == 12
    assert len(statements) <= 9, statements.statements


async def test_lists_below_a_list_cost_as_much_for_many_as_for_one(client: Client, db: Database, ana: Viewer) -> None:
    for number in range(6):
        other = await person(db, f"idol{number}")
        await follow(db, ana, other)
        await follow(db, other, ana)
        for _ in range(2):
            await comment(db, ana, await post(db, other))
    await client.ask(NESTED, id=str(UserId(ana.user_id)), first=6)

    costs = []
    for first in (1, 6):
        with counted() as statements:
            found = await client.ask(NESTED, id=str(UserId(ana.user_id)), first=first)
        costs.append(len(statements))

    idols = found["node"]["following"]["nodes"]
    assert [each["handle"] for each in idols] == [f"idol{number}" for number in range(5, -1, -1)]
    assert all(each["followers"]["nodes"] == each["following"]["nodes"] == [{"handle": "Ana.Lima"}] for each in idols)
    for each in idols:
        (shown,) = each["posts"]["nodes"]
        assert each["posts"]["pageInfo"] == {"hasNextPage": True}
        assert len(shown["top"]["nodes"]) == len(shown["oldest"]["nodes"]) == 1
        assert shown["likers"] == {"nodes": []}
    assert costs[1] <= costs[0] + 3, costs
    assert costs[1] <= 24, statements.statements
