"""While Redis is away people sign up, log in, stay and go, and every process counts for itself with the same limits."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.settings import Settings
from tests.api.test_auth import ANA, LOG_IN, LOG_OUT, REFRESH, SIGN_UP, WHO, codes, signed_up
from tests.client import Client, call, serving
from tests.factories.sessions import PASSWORD

BUDGET = "{ rateLimit { limit used fields { coordinate limit remaining } } }"


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Client]:
    """A process that finds no Redis."""
    changes = {"redis_url": "redis://127.0.0.1:1", "rate_limit_factor": 1.0, "sign_up_rate_factor": 1.0}
    async with serving(config.model_copy(update=changes)) as client:
        yield client


async def log_in(api: Client, password: str = PASSWORD) -> Any:
    return await call(api, LOG_IN, identifier=ANA["handle"], password=password)


async def test_a_session_begins_goes_on_and_ends(api: Client) -> None:
    await signed_up(api)
    begun = await log_in(api)
    refreshed = await call(api, REFRESH, refreshToken=begun["tokens"]["refreshToken"])
    ana = api.signed_in(refreshed["tokens"]["accessToken"])

    assert (await ana.ask(WHO))["viewer"]["user"]["handle"] == ANA["handle"]
    assert (await call(ana, LOG_OUT))["endedSessionIds"] == [refreshed["session"]["id"]]
    assert await ana.refusal(WHO) == "UNAUTHENTICATED"


async def test_sign_ups_of_one_address_are_counted(api: Client) -> None:
    for number in range(5):
        await signed_up(api, handle=f"ana{number}", email=f"ana{number}@example.com")

    refused = await call(api, SIGN_UP, **{**ANA, "handle": "ana5", "email": "ana5@example.com"})

    assert [code for _, code, _ in codes(refused)] == ["RATE_LIMITED"]


async def test_guesses_at_a_password_are_counted(api: Client) -> None:
    await signed_up(api)

    answers = [await log_in(api, "not the password") for _ in range(11)]

    assert {code for answer in answers[:10] for _, code, _ in codes(answer)} == {"INVALID_CREDENTIALS"}
    assert [code for _, code, _ in codes(answers[10])] == ["RATE_LIMITED"]


async def test_what_is_used_is_shown(api: Client) -> None:
    done = await signed_up(api)
    ana = api.signed_in(done["tokens"]["accessToken"])

    shown = (await ana.ask(BUDGET))["rateLimit"]

    assert shown["limit"] == 60_000
    assert {"coordinate": "Mutation.signUp", "limit": 5, "remaining": 4} in shown["fields"]
