"""`aperture listen` against the real server: what it tells, when it ends, and what it says when it cannot begin."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aperture.listen import CannotListen, Subscription, listen
from tests.small_graph import World, serving, small_application


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(small_application(World())) as (host, port):
        yield f"http://{host}:{port}"


async def heard(
    url: str, operation: str, *, token: str | None = None, variables: dict[str, Any] | None = None, **ends: Any
) -> tuple[list[str], list[str]]:
    """The lines that were told, and what was said about listening itself."""
    lines, said = list[str](), list[str]()
    bounds = {"count": None, "seconds": 5.0} | ends
    told = await listen(Subscription(url, token, operation, variables), lines.append, said.append, **bounds)
    assert told == len(lines)
    return lines, said


async def test_each_event_is_one_line_of_json(url: str) -> None:
    lines, _ = await heard(url, "subscription ($to: Int) { count(to: $to) }", variables={"to": 2})

    assert lines == ['{"data":{"count":0}}', '{"data":{"count":1}}']


async def test_it_ends_after_as_many_events_as_asked_for(url: str) -> None:
    lines, _ = await heard(url, "subscription { endless }", count=1)

    assert lines == ['{"data":{"endless":"first"}}']


async def test_it_says_that_it_listens_and_ends_when_its_time_is_over(url: str) -> None:
    lines, said = await heard(url, "subscription { endless }", seconds=1)

    assert lines == ['{"data":{"endless":"first"}}']
    assert said == [f"Listening at {url}"]


@pytest.mark.parametrize(
    ("operation", "token", "reason"),
    [
        ("subscription { nothing }", None, "Cannot query field 'nothing' on type 'Subscription'."),
        ("subscription {", None, "Syntax Error"),
        ("subscription { count }", "bad", "This token is not valid."),
    ],
)
async def test_a_refusal_is_told_in_its_own_words(url: str, operation: str, token: str | None, reason: str) -> None:
    with pytest.raises(CannotListen, match=re.escape(reason)):
        await heard(url, operation, token=token)


async def test_a_missing_server_is_told() -> None:
    with pytest.raises(CannotListen, match="No API answers"):
        await heard("http://127.0.0.1:9", "subscription { count }")
