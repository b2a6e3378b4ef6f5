"""Whom the viewer may want to follow, and why, as clients read it."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock
from core.db import Database
from core.ids import PostId, UserId, new_uuid
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from models.suggestions import DismissedSuggestion, SuggestionTurn
from services.suggestions import making, similar, turns
from tests.api.conftest import SignIn
from tests.client import Client, call_on, handles, mutation
from tests.factories.people import block, follow, people, person, stance
from tests.factories.posts import like, post
from tests.factories.sessions import set_status
from tests.tables import content

PAGE = """query ($first: Int, $after: String) { viewer { suggestedUsers(first: $first, after: $after) {
  nodes { handle } edges { node { handle } cursor reasons { kind text users { handle } } }
  pageInfo { hasNextPage endCursor }
} } }"""
SIMILAR = """query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on User {
  similarUsers(first: $first, after: $after) { nodes { handle } pageInfo { hasNextPage endCursor } }
} } }"""
DISMISS = mutation("dismissSuggestion", "dismissedUserId errors { __typename code path }")
FOLLOW = mutation("followUser")
UNFOLLOW = mutation("unfollowUser")
PRIVACY = mutation("updatePrivacySettings")


async def friends_of_friends(db: Database, ana: Viewer, *handles: str) -> list[Viewer]:
    """People whom Ben follows, whom Ana follows; they have been found as suggestions for her."""
    ben, *found = await people(db, "ben", *handles)
    await follow(db, ana, ben)
    for each in found:
        await follow(db, ben, each)
    await make(db, ana)
    return [ben, *found]


async def make(db: Database, viewer: Viewer) -> None:
    """What the worker does for somebody who has asked."""
    await db.write(partial(turns.note, user_id=viewer.user_id))
    await db.write(making.count_popular)
    await db.write(partial(making.make, user_id=viewer.user_id))


async def page(client: Client, **window: Any) -> Any:
    return (await client.ask(PAGE, **window))["viewer"]["suggestedUsers"]


async def alike(client: Client, who: Viewer, **window: Any) -> Any:
    return (await client.ask(SIMILAR, id=str(UserId(who.user_id)), **window))["node"]["similarUsers"]


def reasons(connection: Any) -> dict[str, list[Any]]:
    return {edge["node"]["handle"]: edge["reasons"] for edge in connection["edges"]}


async def test_reasons_name_people_in_a_sentence(client: Client, db: Database, ana: Viewer) -> None:
    ben, cleo, dan, fay, eva = await people(db, "ben", "cleo", "dan", "fay", "eva")
    for friend in (ben, cleo, dan):
        await follow(db, ana, friend)
        await follow(db, friend, eva)
    await follow(db, ben, fay)
    for _ in range(3):
        await like(db, ana, await post(db, fay))
    await make(db, ana)

    found = reasons(await page(client))

    popular = {"kind": "POPULAR", "text": "Many people have begun to follow them", "users": []}
    close = {"kind": "CLOSE_TIE", "text": "You often like and comment on their posts", "users": []}
    of_eva, of_fay = found["eva"][0], found["fay"][1]
    assert list(found) == ["fay", "eva"]
    assert found["eva"][1:] == [popular]
    assert found["fay"][::2] == [close, popular]
    names = sorted(user["handle"] for user in of_eva["users"])
    assert (of_eva["kind"], names) == ("FOLLOWED_BY_FOLLOWED", ["ben", "cleo", "dan"])
    assert of_eva["text"] == "Followed by {}, {} and {}".format(*(user["handle"] for user in of_eva["users"]))
    assert of_fay == {"kind": "FOLLOWED_BY_FOLLOWED", "text": "Followed by ben", "users": [{"handle": "ben"}]}


async def test_who_has_none_yet_is_shown_popular_people_and_is_due(client: Client, db: Database, ana: Viewer) -> None:
    ben, cleo, fan = await people(db, "ben", "cleo", "fan")
    for who in (ben, cleo):
        await follow(db, fan, who)
    await follow(db, ana, cleo)
    await db.write(making.count_popular)

    first = await page(client)
    async with db.reading(fresh=True) as read:
        due = await read.scalars(select(SuggestionTurn.due_at).where(SuggestionTurn.user_id == ana.user_id))
    before = await content(db)
    again = await page(client)

    assert reasons(first) == {
        "ben": [{"kind": "POPULAR", "text": "Many people have begun to follow them", "users": []}]
    }
    assert (again, await content(db)) == (first, before)
    assert len(due) == 1
    assert due[0] <= clock.now()


async def test_pages_follow_each_other_and_are_filled(client: Client, db: Database, ana: Viewer) -> None:
    _, *found = await friends_of_friends(db, ana, *(f"dan{number}" for number in range(7)))
    for gone in found[:2]:
        await set_status(db, gone.user_id, "DELETED")
    await set_status(db, found[2].user_id, "SUSPENDED")

    first = await page(client, first=2)
    second = await page(client, after=first["pageInfo"]["endCursor"])

    assert first["pageInfo"]["hasNextPage"]
    assert not second["pageInfo"]["hasNextPage"]
    assert len(handles(first)) == 2
    assert sorted(handles(first) + handles(second)) == [f"dan{number}" for number in range(3, 7)]
    assert [edge["node"] for edge in first["edges"]] == first["nodes"]


async def test_null_is_the_first_page(client: Client, db: Database, ana: Viewer) -> None:
    _, dan = await friends_of_friends(db, ana, "dan")

    assert await page(client, first=None, after=None) == await page(client)
    assert await alike(client, dan, first=None, after=None) == await alike(client, dan)


async def test_cursors_of_other_lists_are_refused(client: Client, db: Database, ana: Viewer, sign_in: SignIn) -> None:
    _, dan = await friends_of_friends(db, ana, "dan")
    cursor = (await page(client))["pageInfo"]["endCursor"]

    assert await (await sign_in(dan)).refusal(PAGE, after=cursor) == "BAD_USER_INPUT"
    assert await client.refusal(SIMILAR, id=str(UserId(dan.user_id)), after=cursor) == "BAD_USER_INPUT"


async def test_private_people_are_suggested_by_their_head(client: Client, db: Database, ana: Viewer) -> None:
    ben, eva = await person(db, "ben"), await person(db, "eva", is_private=True)
    await follow(db, ana, ben)
    await follow(db, ben, eva)
    await post(db, eva, caption="For followers")
    await make(db, ana)
    read = "handle viewerAccess posts { nodes { id } } followers { nodes { handle } } similarUsers { nodes { handle } }"

    found = await client.ask(f"{{ viewer {{ suggestedUsers {{ nodes {{ {read} }} }} }} }}")

    nothing = {name: {"nodes": list[Any]()} for name in ("posts", "followers", "similarUsers")}
    assert found["viewer"]["suggestedUsers"]["nodes"] == [{"handle": "eva", "viewerAccess": "PRIVATE", **nothing}]


async def test_a_follow_takes_effect_at_the_next_read(client: Client, db: Database, ana: Viewer) -> None:
    _, dan, _ = await friends_of_friends(db, ana, "dan", "eva")
    before = handles(await page(client))

    await call_on(client, FOLLOW, dan)

    assert sorted(before) == ["dan", "eva"]
    assert handles(await page(client)) == ["eva"]


async def test_a_request_takes_effect_at_the_next_read(client: Client, db: Database, ana: Viewer) -> None:
    ben, dan = await person(db, "ben"), await person(db, "dan", is_private=True)
    await follow(db, ana, ben)
    await follow(db, ben, dan)
    await make(db, ana)
    before = handles(await page(client))

    await call_on(client, FOLLOW, dan)

    assert (before, handles(await page(client))) == (["dan"], [])


async def test_who_is_not_to_be_suggested_is_gone_at_the_next_read(
    client: Client, db: Database, ana: Viewer, sign_in: SignIn
) -> None:
    _, dan = await friends_of_friends(db, ana, "dan")
    of_dan = await sign_in(dan)

    seen = []
    for choice in (False, True):
        await of_dan.ask(PRIVACY, input={"isDiscoverable": choice})
        seen.append(handles(await page(client)))

    assert seen == [[], ["dan"]]


async def test_evidence_that_no_longer_holds_is_not_shown(
    client: Client, db: Database, ana: Viewer, sign_in: SignIn
) -> None:
    ben, cleo, dan = await people(db, "ben", "cleo", "dan")
    for friend in (ben, cleo):
        await follow(db, ana, friend)
        await follow(db, friend, dan)
    await make(db, ana)
    both = reasons(await page(client))["dan"][0]["users"]

    await call_on(await sign_in(ben), UNFOLLOW, dan)
    one = reasons(await page(client))["dan"][0]
    await call_on(client, UNFOLLOW, cleo)
    none = reasons(await page(client))["dan"]

    assert len(both) == 2
    assert (one["text"], one["users"]) == ("Followed by cleo", [{"handle": "cleo"}])
    assert [reason["kind"] for reason in none] == ["POPULAR"]


async def test_a_block_either_way_takes_effect_at_the_next_read(client: Client, db: Database, ana: Viewer) -> None:
    ben, dan, eva = await friends_of_friends(db, ana, "dan", "eva")
    before = sorted(handles(await page(client)))

    await block(db, ana, dan)
    after_hers = handles(await page(client))
    await block(db, ben, ana)
    of_eva = reasons(await page(client))["eva"]
    await block(db, eva, ana)

    assert (before, after_hers) == (["dan", "eva"], ["eva"])
    assert [(reason["kind"], reason["users"]) for reason in of_eva] == [("POPULAR", [])]
    assert handles(await page(client)) == []


async def test_who_is_kept_at_a_distance_is_not_suggested_but_who_restricts_the_viewer_is(
    client: Client, db: Database, ana: Viewer
) -> None:
    _, muted, restricted, restricting = await friends_of_friends(db, ana, "muted", "restricted", "restricting")
    await stance(db, ana, muted, muted_at=clock.now(), mutes=["POSTS"])
    await stance(db, ana, restricted, restricted_at=clock.now())
    await stance(db, restricting, ana, restricted_at=clock.now())

    at_once = handles(await page(client))
    await make(db, ana)

    assert (at_once, handles(await page(client))) == (["restricting"], ["restricting"])


async def test_what_a_private_person_follows_is_told_to_followers_alone(
    client: Client, db: Database, ana: Viewer, sign_in: SignIn
) -> None:
    ben, dan = await person(db, "ben", is_private=True), await person(db, "dan")
    await follow(db, ana, ben)
    await follow(db, ben, dan)
    await make(db, ana)
    allowed = reasons(await page(client))["dan"][0]["text"]

    await call_on(client, UNFOLLOW, ben)
    later = await page(client)

    assert allowed == "Followed by ben"
    assert "Followed by" not in str(later)


async def test_a_dismissed_person_is_gone_at_the_next_read_and_a_repeat_changes_nothing(
    client: Client, db: Database, ana: Viewer
) -> None:
    _, dan, _ = await friends_of_friends(db, ana, "dan", "eva")

    done = await call_on(client, DISMISS, dan)
    shown = handles(await page(client))
    before = await content(db)
    again = await call_on(client, DISMISS, dan)

    assert done == {"dismissedUserId": str(UserId(dan.user_id)), "errors": []}
    assert (again, await content(db)) == (done, before)
    assert shown == ["eva"]


async def test_dismissing_nobody_and_oneself_is_refused(client: Client, db: Database, ana: Viewer) -> None:
    gone = await person(db, "gone", status="DELETED")
    for each in (UserId(gone.user_id), UserId(new_uuid()), PostId(ana.user_id, new_uuid()), "", "usr_x"):
        refused = (await client.ask(DISMISS, input={"userId": str(each)}))["it"]
        error = {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["input", "userId"]}
        assert refused == {"dismissedUserId": None, "errors": [error]}
    ben = await person(db, "ben")
    await block(db, ben, ana)
    blocked = await call_on(client, DISMISS, ben)
    oneself = await call_on(client, DISMISS, ana)
    async with db.reading(fresh=True) as read:
        kept = await read.scalar(select(func.count()).select_from(DismissedSuggestion))

    assert [error["code"] for error in blocked["errors"]] == ["NOT_FOUND"]
    assert [error["code"] for error in oneself["errors"]] == ["INVALID"]
    assert kept == 0


async def test_who_is_not_signed_in_or_suspended_dismisses_nobody(
    api: Client, sign_in: SignIn, db: Database, ana: Viewer
) -> None:
    suspended = await sign_in(await person(db, "eva", status="SUSPENDED"))
    given = {"userId": str(UserId(ana.user_id))}

    assert await api.refusal(DISMISS, input=given) == "UNAUTHENTICATED"
    assert await suspended.refusal(DISMISS, input=given) == "ACCOUNT_RESTRICTED"


@pytest.mark.parametrize("window", [{"first": 0}, {"first": 31}, {"after": ""}, {"after": "garbage"}])
async def test_pages_outside_the_contract_are_refused(client: Client, ana: Viewer, window: dict[str, Any]) -> None:
    assert await client.refusal(PAGE, **window) == "BAD_USER_INPUT"
    assert await client.refusal(SIMILAR, id=str(UserId(ana.user_id)), **window) == "BAD_USER_INPUT"


async def test_a_page_costs_the_same_however_long_it_is(
    client: Client, db: Database, ana: Viewer, config: Settings
) -> None:
    # The reference executor comes to the fields of a level one after the other, and may miss a batch.
    most = 6 if config.engine == "compiled" else 7
    ben = await person(db, "ben")
    await follow(db, ana, ben)
    costs = []
    for number in range(1, 10):
        await follow(db, ben, await person(db, f"dan{number}"))
        if number in {1, 9}:
            await make(db, ana)
            await page(client)
            with counted() as statements:
                found = await page(client, first=30)
            assert len(found["nodes"]) == number
            costs.append(len(statements))

    assert max(costs) <= most, statements.statements


async def test_similar_people_have_followers_in_common(api: Client, client: Client, db: Database, ana: Viewer) -> None:
    idol, close, far, once = await people(db, "idol", "close", "far", "once")
    fans = await people(db, "fan0", "fan1", "fan2")
    for fan in fans:
        await follow(db, fan, idol)
        await follow(db, fan, close)
    for fan in fans[:2]:
        await follow(db, fan, far)
    await follow(db, fans[0], once)

    first = await alike(client, idol, first=1)
    second = await alike(client, idol, after=first["pageInfo"]["endCursor"])
    await call_on(client, FOLLOW, close)

    assert (handles(first), handles(second)) == (["close"], ["far"])
    assert first["pageInfo"]["hasNextPage"]
    assert not second["pageInfo"]["hasNextPage"]
    assert handles(await alike(client, idol)) == ["far"]
    assert handles(await alike(api, idol)) == ["close", "far"]


async def test_similar_people_do_not_show_what_private_people_follow(
    client: Client, db: Database, sign_in: SignIn
) -> None:
    idol, other = await people(db, "idol", "other")
    for number in range(3):
        fan = await person(db, f"fan{number}", is_private=number > 0)
        await follow(db, fan, idol)
        await follow(db, fan, other)

    before = handles(await alike(client, idol))
    await (await sign_in(fan)).ask(PRIVACY, input={"isPrivate": False})

    assert (before, handles(await alike(client, idol))) == ([], ["other"])


async def test_similar_people_leave_out_who_is_not_to_be_suggested(
    client: Client, db: Database, sign_in: SignIn
) -> None:
    idol, shy, gone = await people(db, "idol", "shy", "gone")
    for fan in await people(db, "fan0", "fan1"):
        for each in (idol, shy, gone):
            await follow(db, fan, each)
    before = handles(await alike(client, idol))

    await (await sign_in(shy)).ask(PRIVACY, input={"isDiscoverable": False})
    await set_status(db, gone.user_id, "SUSPENDED")

    assert sorted(before) == ["gone", "shy"]
    assert handles(await alike(client, idol)) == []


@pytest.mark.parametrize("facts", [{"is_private": True}, {"status": "SUSPENDED"}])
async def test_nobody_is_like_who_is_closed_to_the_viewer(client: Client, db: Database, facts: dict[str, Any]) -> None:
    idol, other = await person(db, "idol", **facts), await person(db, "other")
    for fan in await people(db, "fan0", "fan1"):
        for each in (idol, other):
            await follow(db, fan, each)

    assert handles(await alike(client, idol)) == []


async def test_people_like_many_cost_as_much_as_people_like_one(client: Client, db: Database, config: Settings) -> None:
    most = 3 if config.engine == "compiled" else 4
    idols = await people(db, "idol0", "idol1", "idol2")
    for fan in await people(db, "fan0", "fan1"):
        for idol in idols:
            await follow(db, fan, idol)
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { similarUsers { nodes { handle } } } } }"
    given = [str(UserId(idol.user_id)) for idol in idols]
    await client.ask(document, ids=given)

    with counted() as statements:
        found = await client.ask(document, ids=given)

    assert [len(each["similarUsers"]["nodes"]) for each in found["nodes"]] == [2, 2, 2]
    assert len(statements) <= most, statements.statements


async def test_who_follows_too_many_says_nothing_of_likeness(
    client: Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar, "MOST_FOLLOWS", -1)
    idol, other = await people(db, "idol", "other")
    for fan in await people(db, "fan0", "fan1"):
        for each in (idol, other):
            await follow(db, fan, each)

    assert handles(await alike(client, idol)) == []
