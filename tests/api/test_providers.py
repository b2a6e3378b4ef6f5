"""Log-in with an outside provider, against a real one."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from core import clock
from core.backends import Backends
from core.db import Database
from core.settings import Settings, settings
from models.auth import Session
from models.outbox import OutboxEntry
from tests.api.test_auth import codes, signed_up
from tests.client import Client, serving
from tests.factories.sessions import PASSWORD, later
from tests.providers import HOME, begin, complete, description, know, log_in_there, with_providers

PROVE = """mutation ($state: String!) {
    it: reauthenticate(input: {proof: {providerState: $state}}) { validUntil errors { __typename code path } }
}"""
PROVE_BY_PASSWORD = """mutation ($password: String!) {
    it: reauthenticate(input: {proof: {password: $password}}) { validUntil errors { code } }
}"""
LINKS = """{ viewer { account { linkedIdentities {
    id accountName canUnlink linkedAt provider { key name iconUrl }
} } } }"""
UNLINK = """mutation ($id: ID!) { it: unlinkProvider(input: {linkedIdentityId: $id}) {
    unlinkedIdentityId account { linkedIdentities { id } }
    errors { __typename code path ... on ReauthenticationRequiredError { methods } }
} }"""


@pytest.fixture
def config(config: Settings, real_provider: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return with_providers(monkeypatch, description(real_provider, icon_url="https://keys.example.org/icon.svg"))


async def arrive(client: Client, subject: str, **variables: Any) -> Any:
    """Go to the provider and back."""
    begun = await begin(client)
    state, code = log_in_there(begun["authorizationUrl"], subject)
    assert state == begun["state"]
    return {**await complete(client, state, code, **variables), "state": state, "code": code}


async def links(client: Client) -> Any:
    return (await client.ask(LINKS))["viewer"]["account"]["linkedIdentities"]


async def test_the_providers_are_listed(api: Client) -> None:
    listed = (await api.ask("{ identityProviders { key name iconUrl } }"))["identityProviders"]

    assert listed == [{"key": "house", "name": "House of Keys", "iconUrl": "https://keys.example.org/icon.svg"}]


async def test_an_attempt_asks_for_a_code_that_no_one_else_can_use(api: Client) -> None:
    begun = await begin(api)

    asked = parse_qs(urlsplit(begun["authorizationUrl"]).query)
    assert asked["redirect_uri"] == [HOME]
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert asked["scope"] == ["openid email profile"]
    assert asked["state"] == [begun["state"]]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == len(asked["code_challenge"][0]) == 43
    assert "max_age" not in asked


async def test_who_comes_by_a_provider_is_asked_for_age_and_terms_and_goes_on_with_the_same_attempt(
    config: Settings, real_provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(real_provider, "16", email="zoe@example.com", email_verified=True)
    monkeypatch.setenv("APERTURE_MINIMUM_AGE", "16")
    monkeypatch.setenv("APERTURE_TERMS_VERSION", "2026-11")
    settings.cache_clear()
    async with serving(settings()) as api:
        first = await arrive(api, "16")
        second = await complete(api, first["state"], first["code"], born="1990-01-31", terms="2026-11")

    assert [each["path"] for each in first["errors"]] == [["input", "birthDate"], ["input", "acceptedTerms"]]
    assert (second["isNewAccount"], second["errors"]) == (True, [])
    assert config.identity_providers == settings().identity_providers


async def test_somebody_unknown_gets_an_account_and_finds_it_again(api: Client, real_provider: str) -> None:
    know(real_provider, "7", email="Zoe@Example.com", email_verified=True, preferred_username="Zoë Lima", name="Zoë")

    first = await arrive(api, "7")
    second = await arrive(api, "7")

    assert first["errors"] == second["errors"] == []
    assert (first["isNewAccount"], second["isNewAccount"]) == (True, False)
    assert first["viewer"]["user"] == {"handle": "zoe.lima", "displayName": "Zoë"}
    assert first["viewer"]["account"]["email"] == "Zoe@example.com"
    assert second["session"]["logInMethod"] == "PROVIDER"
    assert second["viewer"]["id"] == first["viewer"]["id"]
    own = (await api.signed_in(second["tokens"]["accessToken"]).ask("{ viewer { id } }"))["viewer"]
    assert own == {"id": first["viewer"]["id"]}


async def test_a_handle_may_be_chosen_and_chosen_again(api: Client, real_provider: str) -> None:
    await signed_up(api, handle="ana", email="ana@example.com")
    know(real_provider, "8", email="eve@example.com", email_verified=True)

    refused = await arrive(api, "8", handle="ana")
    mended = await complete(api, refused["state"], refused["code"], handle="eve.lima")

    assert codes(refused) == [("ConflictError", "TAKEN", ["input", "handle"])]
    assert mended["errors"] == []
    assert (mended["isNewAccount"], mended["viewer"]["user"]["handle"]) == (True, "eve.lima")


async def test_a_handle_that_is_taken_is_not_chosen(api: Client, real_provider: str) -> None:
    await signed_up(api, handle="eve", email="ana@example.com")
    know(real_provider, "9", email="eve@example.com", email_verified=True)

    arrived = await arrive(api, "9")

    assert arrived["viewer"]["user"]["handle"].startswith("eve")
    assert arrived["viewer"]["user"]["handle"] != "eve"


async def test_an_address_that_has_an_account_leads_nobody_into_it(api: Client, real_provider: str) -> None:
    known = await signed_up(api, email="ana@example.com")
    know(real_provider, "10", email="ANA@example.com", email_verified=True)

    refused = await arrive(api, "10")
    ana = api.signed_in(known["tokens"]["accessToken"])
    linked = await arrive(ana, "10")
    afterwards = await arrive(api, "10")

    assert codes(refused) == [("ConflictError", "CONFLICT", ["input", "state"])]
    assert (refused["viewer"], refused["tokens"], refused["isNewAccount"]) == (None, None, None)
    assert (linked["errors"], linked["tokens"], linked["isNewAccount"]) == ([], None, False)
    assert afterwards["viewer"]["id"] == linked["viewer"]["id"]


async def test_an_address_that_is_not_confirmed_makes_no_account(api: Client, real_provider: str) -> None:
    know(real_provider, "11", email="ana@example.com", email_verified=False)

    refused = await arrive(api, "11")

    assert codes(refused) == [("ValidationError", "INVALID", ["input", "state"])]


async def test_a_link_is_shown_to_its_owner_and_can_go_while_there_is_a_password(
    api: Client, db: Database, real_provider: str
) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    ben = api.signed_in((await signed_up(api, handle="ben", email="ben@example.com"))["tokens"]["accessToken"])
    know(real_provider, "12", email="ana@there.example", preferred_username="ana.there")

    await arrive(ana, "12")
    (shown,) = await links(ana)
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await ben.ask(node, id=shown["id"]))["node"] is None
    assert (await ana.ask(node, id=shown["id"]))["node"] == {"id": shown["id"]}
    of_another = (await ben.ask(UNLINK, id=shown["id"]))["it"]
    gone = (await ana.ask(UNLINK, id=shown["id"]))["it"]

    assert (shown["accountName"], shown["canUnlink"], shown["provider"]["key"]) == ("ana.there", True, "house")
    assert codes(of_another) == [("NotFoundError", "NOT_FOUND", ["input", "linkedIdentityId"])]
    assert (gone["errors"], gone["unlinkedIdentityId"]) == ([], shown["id"])
    assert gone["account"]["linkedIdentities"] == []
    async with db.reading(fresh=True) as read:
        told = await read.scalars(select(OutboxEntry.event).order_by(OutboxEntry.id))
    assert [event for event in told if event.startswith("Provider")] == ["ProviderLinked", "ProviderUnlinked"]


async def test_the_only_way_in_stays(api: Client, real_provider: str) -> None:
    know(real_provider, "13", email="eve@example.com", email_verified=True)
    eve = api.signed_in((await arrive(api, "13"))["tokens"]["accessToken"])

    (shown,) = await links(eve)
    refused = (await eve.ask(UNLINK, id=shown["id"]))["it"]

    assert shown["canUnlink"] is False
    assert codes(refused) == [("GenericError", "CONFLICT", ["input", "linkedIdentityId"])]
    assert len(await links(eve)) == 1


async def test_one_account_of_each_provider_can_be_linked(api: Client, real_provider: str) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    await arrive(ana, "14")

    refused = await arrive(ana, "15")

    assert codes(refused) == [("ConflictError", "CONFLICT", ["input", "state"])]
    assert len(await links(ana)) == 1


async def test_a_new_link_needs_a_fresh_proof_and_the_attempt_waits_for_it(
    api: Client, db: Database, real_provider: str
) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    await db.write(lambda tx: tx.execute(update(Session).values(proved_at=clock.now() - timedelta(minutes=11))))

    refused = await arrive(ana, "16")
    await ana.ask(PROVE_BY_PASSWORD, password=PASSWORD)
    done = await complete(ana, refused["state"], refused["code"])

    assert codes(refused) == [("ReauthenticationRequiredError", "REAUTHENTICATION_REQUIRED", None)]
    assert done["errors"] == []
    assert len(await links(ana)) == 1


async def test_a_log_in_over_there_proves_once_and_for_two_minutes(
    api: Client, backends: Backends, real_provider: str
) -> None:
    know(real_provider, "17", email="eve@example.com", email_verified=True)
    eve = api.signed_in((await arrive(api, "17"))["tokens"]["accessToken"])
    states = [(await arrive(eve, "17"))["state"] for _ in range(2)]

    proved = (await eve.ask(PROVE, state=states[0]))["it"]
    again = (await eve.ask(PROVE, state=states[0]))["it"]
    with later(minutes=2, seconds=1):
        too_late = (await eve.ask(PROVE, state=states[1]))["it"]

    assert proved["errors"] == []
    assert proved["validUntil"] is not None
    refused = [("CredentialsError", "INVALID_CREDENTIALS", ["input", "proof", "providerState"])]
    assert codes(again) == codes(too_late) == refused


async def test_who_has_no_password_is_asked_for_a_log_in_over_there(api: Client, real_provider: str) -> None:
    know(real_provider, "18", email="eve@example.com", email_verified=True)
    eve = api.signed_in((await arrive(api, "18"))["tokens"]["accessToken"])
    (shown,) = await links(eve)

    with later(minutes=11):
        refused = (await eve.ask(UNLINK, id=shown["id"]))["it"]

    assert refused["errors"][0]["methods"] == ["PROVIDER"]


async def test_a_process_without_providers_has_none(
    api: Client, real_provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(real_provider, "19", email="eve@example.com", email_verified=True)
    eve = api.signed_in((await arrive(api, "19"))["tokens"]["accessToken"])

    with_providers(monkeypatch)

    assert await links(eve) == []
