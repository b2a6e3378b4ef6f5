"""Settings of the account, and what a person has to be and to agree to before there is one."""

from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.db import Database
from core.settings import Settings, settings
from core.viewer import Viewer
from models.accounts import Account
from tests.api.conftest import SignIn
from tests.client import Client, mutation, serving
from tests.tables import facts

UPDATE = mutation("updateAccount", "account { language timeZone } errors { code }")
SIGN_UP = mutation("signUp", "viewer { account { birthDate } } errors { code path message }")
NEW = {"email": "new@example.com", "password": "violet harbour 41 lamps", "handle": "newcomer"}
RULES = "{ server { minimumAge termsVersion } }"


async def sign_up(client: Client, **more: Any) -> Any:
    return (await client.ask(SIGN_UP, input=NEW | more))["it"]


def years_ago(years: int, days: int = 0) -> str:
    today = clock.now().date()
    return f"{today.year - years}-{today.month:02}-{today.day + days:02}"


@pytest.fixture
def strict(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation for people of 16 years and more who agree to its terms."""
    monkeypatch.setenv("APERTURE_MINIMUM_AGE", "16")
    monkeypatch.setenv("APERTURE_TERMS_VERSION", "2026-11")
    settings.cache_clear()
    assert settings().secret_key == config.secret_key
    return settings()


async def test_language_and_time_zone_change_one_by_one(db: Database, sign_in: SignIn, ana: Viewer) -> None:
    client = await sign_in(ana)

    first = (await client.ask(UPDATE, input={"language": "pt-br"}))["it"]
    second = (await client.ask(UPDATE, input={"timeZone": "Europe/Lisbon", "language": None}))["it"]
    again = (await client.ask(UPDATE, input={"timeZone": "Europe/Lisbon"}))["it"]
    nothing = (await client.ask(UPDATE, input={}))["it"]

    assert first == {"account": {"language": "pt-BR", "timeZone": "UTC"}, "errors": []}
    assert second == again == nothing
    assert second == {"account": {"language": "pt-BR", "timeZone": "Europe/Lisbon"}, "errors": []}
    assert await facts(db, "AccountUpdated") == 2


async def test_without_rules_a_birth_date_is_kept_if_it_is_told(api: Client, db: Database) -> None:
    rules = (await api.ask(RULES))["server"]
    told = await sign_up(api, birthDate="1999-12-31", acceptedTerms="any")

    assert rules == {"minimumAge": None, "termsVersion": None}
    assert told == {"viewer": {"account": {"birthDate": "1999-12-31"}}, "errors": []}
    async with db.reading() as read:
        # unguarded: the test looks at what is stored
        assert await read.scalar(select(Account.accepted_terms)) == "any"


@pytest.mark.parametrize("born", ["2999-01-01", "1066-10-14"])
async def test_nobody_is_born_tomorrow_or_in_the_middle_ages(api: Client, born: str) -> None:
    assert [each["code"] for each in (await sign_up(api, birthDate=born))["errors"]] == ["INVALID"]


async def test_rules_are_told_and_asked_for_together(strict: Settings) -> None:
    async with serving(strict) as api:
        rules = (await api.ask(RULES))["server"]
        refused = await sign_up(api)

    assert rules == {"minimumAge": 16, "termsVersion": "2026-11"}
    assert [(each["code"], each["path"]) for each in refused["errors"]] == [
        ("REQUIRED", ["input", "birthDate"]),
        ("REQUIRED", ["input", "acceptedTerms"]),
    ]


async def test_who_is_too_young_or_agreed_to_other_terms_is_told_so(strict: Settings) -> None:
    async with serving(strict) as api:
        young = await sign_up(api, birthDate=years_ago(15), acceptedTerms="2026-11")
        stale = await sign_up(api, birthDate=years_ago(16), acceptedTerms="2025-01")
        fine = await sign_up(api, birthDate=years_ago(16), acceptedTerms="2026-11")

    assert [(each["code"], each["message"]) for each in young["errors"]] == [
        ("OUT_OF_RANGE", "You have to be 16 years old to have an account.")
    ]
    assert [(each["code"], each["path"]) for each in stale["errors"]] == [("INVALID", ["input", "acceptedTerms"])]
    assert fine["errors"] == []
