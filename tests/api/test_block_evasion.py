"""Somebody who is blocked signs up anew, and gains nothing by it."""

from typing import Any

import pytest

from core.backends import Backends
from core.ids import UserId
from tests.client import Client, mutation
from tests.factories.mails import Mails
from tests.factories.sessions import account, enter

BLOCK = mutation("blockUser")
UNBLOCK = mutation("unblockUser")
VERIFY = mutation("verifyEmail")
FIND = """query ($id: ID!, $handle: String!) {
  node(id: $id) { ... on User { handle } } user(by: {handle: $handle}) { handle relationship { isBlocked } } }"""
LIST = "{ viewer { blockedUsers { nodes { handle } } } }"
NOBODY = {"node": None, "user": None}


class Person:
    """Somebody with a client, who confirmed an address."""

    def __init__(self, client: Client, user_id: str, handle: str) -> None:
        self.client, self.id, self.handle = client, user_id, handle

    async def act(self, document: str, **input: Any) -> None:
        """Do something that is not refused."""
        assert (await self.client.ask(document, input=input))["it"]["errors"] == []

    async def looks_for(self, other: "Person") -> Any:
        """What is found of another one, by id and by handle."""
        return await self.client.ask(FIND, id=other.id, handle=other.handle)


@pytest.fixture
def join(api: Client, backends: Backends, mails: Mails) -> Any:
    """Lets people sign up and confirm their address, and the worker do what follows."""

    async def joined(handle: str, email: str) -> Person:
        user_id = await account(backends.db, handle, email)
        who = Person(api.signed_in((await enter(backends, user_id)).access_token), str(UserId(user_id)), handle)
        await who.act(VERIFY, code=await mails.code(email, "Confirm your address"))
        await mails.sent()
        return who

    return joined


def found(handle: str) -> Any:
    return {"node": {"handle": handle}, "user": {"handle": handle, "relationship": {"isBlocked": False}}}


async def test_a_troll_who_comes_back_finds_nothing_and_is_not_found(join: Any, mails: Mails) -> None:
    ana, troll = await join("ana", "ana@example.com"), await join("troll", "troll@gmail.com")
    await ana.act(BLOCK, userId=troll.id)
    await mails.sent()

    again, eva = await join("anew", "t.roll+2@googlemail.com"), await join("eva", "troll@example.com")

    assert await ana.looks_for(again) == await again.looks_for(ana) == NOBODY
    assert await ana.client.ask(LIST) == {"viewer": {"blockedUsers": {"nodes": [{"handle": "troll"}]}}}
    assert await again.client.ask(LIST) == {"viewer": {"blockedUsers": {"nodes": []}}}
    assert (await ana.looks_for(eva), await eva.looks_for(ana)) == (found("eva"), found("ana"))
    assert (await troll.looks_for(again), await again.looks_for(troll)) == (found("anew"), found("troll"))

    await ana.act(UNBLOCK, userId=troll.id)

    assert (await ana.looks_for(again), await again.looks_for(ana)) == (found("anew"), found("ana"))


async def test_two_people_of_a_company_are_not_taken_for_one(join: Any, mails: Mails) -> None:
    ana = await join("ana", "ana@example.com")
    ben, eva = await join("ben", "office+ben@company.example.com"), await join("eva", "office+eva@company.example.com")
    await ana.act(BLOCK, userId=ben.id)
    await mails.sent()

    assert (await ana.looks_for(eva), await eva.looks_for(ana)) == (found("eva"), found("ana"))


async def test_an_address_that_was_not_confirmed_joins_nobody(
    join: Any, api: Client, backends: Backends, mails: Mails
) -> None:
    ana, troll = await join("ana", "ana@example.com"), await join("troll", "troll@gmail.com")
    await ana.act(BLOCK, userId=troll.id)
    user_id = await account(backends.db, "eva", "troll+2@gmail.com")
    await mails.sent()
    eva = Person(api.signed_in((await enter(backends, user_id)).access_token), str(UserId(user_id)), "eva")

    assert (await ana.looks_for(eva), await eva.looks_for(ana)) == (found("eva"), found("ana"))
