"""Nobody gets a handle that passes for another one: not by other letters, not by likeness, not by being quicker."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core import clock
from core.db import Database
from core.errors import Conflict, Invalid
from services import handles, likeness
from tests.api.conftest import SignIn
from tests.client import Client
from tests.factories.people import person

CHANGE = "mutation ($input: ChangeHandleInput!) { it: changeHandle(input: $input) { user { handle } errors { code } } }"
SIGN_UP = """mutation ($handle: String!) {
  it: signUp(input: {email: "new@example.com", password: "violet harbour 41 lamps", handle: $handle}) {
    viewer { id } errors { code ... on ConflictError { suggestions } }
  }
}"""
ASK = "query ($handle: String!) { it: handleAvailability(handle: $handle) { isAvailable problem suggestions } }"

OTHER_LETTERS = {
    "Cyrillic а": "\u0430na",
    "Greek ο": "b\u03bf",
    "fullwidth": "\uff41\uff4e\uff41",
    "mathematical": "\U0001d41a\U0001d427\U0001d41a",
    "Kelvin sign": "\u212aim",
    "long s": "o\u017fkar",
    "ligature": "\ufb01nn",
    "Roman numeral": "\u2170vo",
    "zero width space": "an\u200ba",
    "zero width joiner": "an\u200da",
    "soft hyphen": "an\u00ada",
    "byte order mark": "\ufeffana",
    "combining": "ana\u0301",
    "composed": "an\u00e1",
    "right to left": "\u202eana",
    "other digits": "ana\u0661",
    "one dot leader": "ana\u2024lima",
    "fullwidth low line": "ana\uff3flima",
    "line break": "ana\n",
    "blank": "ana lima",
    "tag letters": "ana\U000e0061",
}


async def change(client: Client, handle: str) -> Any:
    return (await client.ask(CHANGE, input={"handle": handle}))["it"]


@pytest.mark.parametrize("handle", OTHER_LETTERS.values(), ids=OTHER_LETTERS)
async def test_only_plain_letters_make_a_handle(api: Client, db: Database, sign_in: SignIn, handle: str) -> None:
    for taken in ("ana", "bo", "kim", "oskar", "finn", "ivo"):
        await person(db, taken)
    client = await sign_in(await person(db, "eva"))

    asked = (await api.ask(ASK, handle=handle))["it"]
    signed_up = (await api.ask(SIGN_UP, handle=handle))["it"]
    changed = await change(client, handle)

    assert asked == {"isAvailable": False, "problem": "BAD_FORMAT", "suggestions": []}
    assert (signed_up["viewer"], [each["code"] for each in signed_up["errors"]]) == (None, ["BAD_FORMAT"])
    assert changed == {"user": None, "errors": [{"code": "BAD_FORMAT"}]}
    assert (await api.ask("query ($h: String!) { user(by: {handle: $h}) { id } }", h=handle))["user"] is None


@pytest.mark.parametrize("handle", ["admin", "Admin", "adm1n", "ADMlN", "ad_min", "ad.m.in", "adrnin", "supp0rt"])
def test_nobody_passes_for_the_house(handle: str) -> None:
    with pytest.raises(Invalid) as caught:
        handles.check(handle, ())

    assert caught.value.code == "INVALID"


@pytest.mark.parametrize("alike", ["nat_geo", "n.a.t.geo", "natge0", "Nat.Ge0"])
async def test_nobody_passes_for_a_verified_account(api: Client, db: Database, sign_in: SignIn, alike: str) -> None:
    known, eva = await person(db, "natgeo", is_verified=True), await person(db, "eva")
    await db.write(partial(likeness.protect, user_id=known.user_id, handle="natgeo"))

    signed_up = (await api.ask(SIGN_UP, handle=alike))["it"]
    changed = await change(await sign_in(eva), alike)
    asked = (await api.ask(ASK, handle=alike))["it"]

    [error] = signed_up["errors"]
    assert (signed_up["viewer"], error["code"], len(error["suggestions"])) == (None, "TAKEN", 3)
    assert (changed["user"], changed["errors"]) == (None, [{"code": "TAKEN"}])
    assert (asked["isAvailable"], asked["problem"], asked["suggestions"]) == (False, "TAKEN", error["suggestions"])
    for suggestion in asked["suggestions"]:
        assert (await api.ask(ASK, handle=suggestion))["it"]["isAvailable"]


@pytest.mark.parametrize(("one", "other"), [("will", "w1ll"), ("lola", "1o1a"), ("mo", "rno"), ("wim", "vvlm")])
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert likeness.skeleton(one) == likeness.skeleton(other)


async def test_likeness_to_others_is_no_hindrance(db: Database) -> None:
    await person(db, "lola")
    eva = await person(db, "eva")

    await db.write(partial(handles.change, viewer=eva, handle="l0la", path=()))

    async with db.reading() as read:
        assert await handles.find(read, "l0la") == eva.id


async def test_a_known_account_may_wear_its_own_look_and_takes_the_protection_along(db: Database) -> None:
    known, eva = await person(db, "natgeo", is_verified=True), await person(db, "eva")
    await db.write(partial(likeness.protect, user_id=known.user_id, handle="natgeo"))

    await db.write(partial(handles.change, viewer=known, handle="nat.geo", path=()))
    await db.write(partial(handles.change, viewer=known, handle="planet", path=()))

    with pytest.raises(Conflict):
        await db.write(partial(handles.change, viewer=eva, handle="p1anet", path=()))
    await db.write(partial(handles.change, viewer=eva, handle="natge0", path=()))


async def test_of_two_who_want_a_handle_at_once_one_gets_it(db: Database) -> None:
    people = [await person(db, f"p{number}") for number in range(6)]

    found = await asyncio.gather(
        *(db.write(partial(handles.change, viewer=each, handle="gold", path=())) for each in people),
        return_exceptions=True,
    )

    winners = [each for each, outcome in zip(people, found, strict=True) if outcome is None]
    losers = [outcome for outcome in found if outcome is not None]
    assert len(winners) == 1
    assert all(isinstance(each, Conflict) and each.code == "TAKEN" for each in losers)
    async with db.reading() as read:
        assert await handles.find(read, "gold") == winners[0].id


async def test_of_two_who_want_a_handle_that_has_just_become_free_one_gets_it(db: Database) -> None:
    ana = await person(db, "ana")
    people = [await person(db, f"p{number}") for number in range(6)]
    await db.write(partial(handles.change, viewer=ana, handle="anna", path=()))

    with clock.frozen(clock.now() + timedelta(days=30, seconds=1)):
        found = await asyncio.gather(
            *(db.write(partial(handles.change, viewer=each, handle="ana", path=())) for each in people),
            return_exceptions=True,
        )

    assert [outcome for outcome in found if outcome is None] == [None]


async def test_two_changes_of_one_person_leave_no_handle_behind_that_nobody_holds(db: Database) -> None:
    ana = await person(db, "ana")

    await asyncio.gather(
        *(db.write(partial(handles.change, viewer=ana, handle=handle, path=())) for handle in ("one", "two", "three"))
    )

    with clock.frozen(clock.now() + timedelta(days=31)):
        async with db.reading() as read:
            held = [each for each in ("ana", "one", "two", "three") if await handles.find(read, each) == ana.id]
    assert len(held) == 1


async def test_nobody_can_take_a_handle_away_by_its_case(db: Database) -> None:
    ana, eva = await person(db, "ana"), await person(db, "eva")

    for handle in ("ANA", "Ana", "aNa"):
        with pytest.raises(Conflict):
            await db.write(partial(handles.change, viewer=eva, handle=handle, path=()))

    async with db.reading() as read:
        assert await handles.find(read, "ana") == ana.id
