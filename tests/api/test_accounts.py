"""Whether a handle can be taken, as forms ask."""

from typing import Any

import pytest

from core.db import Database
from core.statements import counted
from tests.client import Client
from tests.factories.people import person

ASK = "query ($handle: String!) { handleAvailability(handle: $handle) { handle isAvailable problem suggestions } }"


async def ask(api: Client, handle: str) -> Any:
    return (await api.ask(ASK, handle=handle))["handleAvailability"]


async def test_a_free_handle_can_be_taken(api: Client) -> None:
    assert await ask(api, "Ana.Lima") == {
        "handle": "Ana.Lima",
        "isAvailable": True,
        "problem": None,
        "suggestions": [],
    }


async def test_a_taken_handle_comes_with_free_ones(api: Client, db: Database) -> None:
    await person(db, "Ana.Lima")

    found = await ask(api, "ana.LIMA")

    assert (found["isAvailable"], found["problem"], len(found["suggestions"])) == (False, "TAKEN", 3)
    assert all([(await ask(api, each))["isAvailable"] for each in found["suggestions"]])


@pytest.mark.parametrize(
    ("handle", "problem"),
    [("admin", "INVALID"), ("@ana", "BAD_FORMAT"), (".ana", "BAD_FORMAT"), ("ā", "BAD_FORMAT")],
)
async def test_what_nobody_may_take_says_why_without_asking_the_database(
    api: Client, handle: str, problem: str
) -> None:
    with counted() as statements:
        found = await ask(api, handle)

    assert (found["isAvailable"], found["problem"], found["suggestions"]) == (False, problem, [])
    assert len(statements) == 0


@pytest.mark.parametrize("handle", ["", "a" * 31, "a\0na"])
async def test_what_no_form_would_send_is_refused(api: Client, handle: str) -> None:
    assert await api.refusal(ASK, handle=handle) == "BAD_USER_INPUT"
