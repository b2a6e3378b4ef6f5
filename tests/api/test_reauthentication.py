"""Proving again who is at the device, and what asks for it."""

from dataclasses import replace
from datetime import datetime

import pytest

from core import clock
from core.backends import Backends
from core.errors import BadCredentials, RateLimited, ReauthenticationRequired
from services import passwords
from services.auth import gate, proofs
from tests.api.test_auth import codes, signed_up
from tests.client import Client
from tests.factories.sessions import HOME, PASSWORD, account, enter, later

PROVE = """mutation ($password: String!) {
    it: reauthenticate(input: {proof: {password: $password}}) { validUntil errors { __typename code path } }
}"""


async def test_the_right_password_counts_for_ten_minutes(api: Client) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])

    done = (await ana.ask(PROVE, password=PASSWORD))["it"]

    assert done["errors"] == []
    assert 599 <= (datetime.fromisoformat(done["validUntil"]) - clock.now()).total_seconds() <= 600


async def test_a_wrong_password_proves_nothing(api: Client) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])

    refused = (await ana.ask(PROVE, password="not the password"))["it"]

    assert codes(refused) == [("CredentialsError", "INVALID_CREDENTIALS", ["input", "proof", "password"])]
    assert refused["validUntil"] is None


async def test_a_proof_runs_out_and_the_next_one_counts_in_every_process_at_once(backends: Backends) -> None:
    tokens = await enter(backends, await account(backends.db))
    before = await gate.authenticate(backends, tokens.access_token, HOME)
    await proofs.require_recent(backends, before)

    with later(minutes=11):
        with pytest.raises(ReauthenticationRequired) as asked:
            await proofs.require_recent(backends, before)
        assert asked.value.methods == ("PASSWORD",)
        await backends.db.write(lambda tx: proofs.note(tx, before))
        await proofs.require_recent(backends, before)


async def test_guesses_of_a_session_are_counted_whatever_they_are_made_with(backends: Backends) -> None:
    tokens = await enter(backends, await account(backends.db))
    limited = replace(backends, settings=backends.settings.model_copy(update={"rate_limit_factor": 1.0}))
    thief = await gate.authenticate(backends, tokens.access_token, HOME)

    for _ in range(9):
        with pytest.raises(BadCredentials):
            await proofs.by_password(limited, thief, "not the password", ())
    with pytest.raises(BadCredentials):
        await passwords.prove(limited, thief, "not the password", "seven quiet lanterns 8")

    with pytest.raises(RateLimited):
        await proofs.by_password(limited, thief, PASSWORD, ())
    with pytest.raises(RateLimited):
        await passwords.prove(limited, thief, PASSWORD, "seven quiet lanterns 8")
