"""Accounts and sessions, as clients see them."""

import asyncio
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select

from core.db import Database
from core.settings import Settings
from models.auth import Session
from models.idempotency import IdempotencyKey
from models.profiles import User
from tests.client import Client, call, serving
from tests.factories.sessions import PASSWORD, account, later, set_status

TOKENS = "tokens { accessToken refreshToken accessTokenExpiresAt refreshTokenExpiresAt }"
ERRORS = "errors { __typename code message path ... on ConflictError { suggestions } }"
SESSION = "session { id deviceName platform appVersion logInMethod createdAt lastActiveAt expiresAt isCurrent }"
VIEWER = (
    "viewer { id user { id handle displayName isViewer } account { id email role status } session { id isCurrent } }"
)
SIGN_UP = f"""mutation ($input: SignUpInput!) {{
    it: signUp(input: $input) {{ {VIEWER} {SESSION} {TOKENS} {ERRORS} query {{ {VIEWER} }} }}
}}"""
LOG_IN = f"""mutation ($input: LogInInput!) {{
    it: logIn(input: $input) {{ {VIEWER} {SESSION} {TOKENS} {ERRORS} }}
}}"""
REFRESH = f"""mutation ($input: RefreshSessionInput!) {{
    it: refreshSession(input: $input) {{ {SESSION} {TOKENS} {ERRORS} query {{ viewer {{ id }} }} }}
}}"""
LOG_OUT = f"""mutation ($input: LogOutInput!) {{
    it: logOut(input: $input) {{ endedSessionIds {ERRORS} query {{ viewer {{ id }} }} }}
}}"""
WHO = f"{{ {VIEWER} }}"

ANA = {"email": "ana@example.com", "handle": "Ana.Lima", "password": PASSWORD}


async def signed_up(api: Client, **changes: Any) -> Any:
    done = await call(api, SIGN_UP, **{**ANA, **changes})
    assert done["errors"] == []
    return done


def codes(payload: Any) -> list[tuple[str, str, list[str] | None]]:
    return [(error["__typename"], error["code"], error["path"]) for error in payload["errors"]]


async def test_signing_up_answers_the_account_its_session_and_tokens(api: Client) -> None:
    done = await signed_up(api, displayName="Ana Lima", device={"platform": "IOS", "name": "Ana's phone"})

    viewer, session = done["viewer"], done["session"]
    assert viewer["user"] == {**viewer["user"], "handle": "Ana.Lima", "displayName": "Ana Lima", "isViewer": True}
    assert viewer["account"] == {**viewer["account"], "email": "ana@example.com", "role": "MEMBER", "status": "ACTIVE"}
    assert viewer["session"] == {"id": session["id"], "isCurrent": True}
    assert (session["deviceName"], session["platform"], session["appVersion"]) == ("Ana's phone", "IOS", None)
    assert session["logInMethod"] == "SIGN_UP"
    assert done["query"]["viewer"] == viewer
    assert (await api.signed_in(done["tokens"]["accessToken"]).ask(WHO))["viewer"] == viewer


async def test_a_device_is_guessed_from_the_user_agent(api: Client) -> None:
    api.http.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

    session = (await signed_up(api))["session"]

    assert (session["deviceName"], session["platform"]) == ("Firefox on Linux", "WEB")


async def test_a_repeat_with_the_same_key_is_the_same_account_and_session(api: Client, db: Database) -> None:
    first = await signed_up(api, idempotencyKey="a key of Ana")
    second = await signed_up(api, idempotencyKey="a key of Ana")

    assert second["viewer"] == first["viewer"]
    assert second["session"]["id"] == first["session"]["id"]
    for tokens in (first["tokens"], second["tokens"]):
        assert (await api.signed_in(tokens["accessToken"]).ask(WHO))["viewer"] == first["viewer"]
    refreshed = await call(api, REFRESH, refreshToken=second["tokens"]["refreshToken"])
    assert refreshed["errors"] == []
    async with db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(User)) == 1
        kept = await read.scalar(select(IdempotencyKey.result))
    assert kept == {"id": first["session"]["id"]}


async def test_many_repeats_at_once_make_one_account(api: Client, db: Database) -> None:
    answers = await asyncio.gather(*(signed_up(api, idempotencyKey="a key of Ana") for _ in range(5)))

    assert len({answer["session"]["id"] for answer in answers}) == 1
    async with db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize("changes", [{"handle": "ben"}, {"password": PASSWORD + "!"}, {"displayName": None}])
async def test_the_same_key_with_another_input_is_a_mismatch(api: Client, changes: dict[str, Any]) -> None:
    await signed_up(api, idempotencyKey="a key of Ana", displayName="Ana")

    other = await call(api, SIGN_UP, **{**ANA, "displayName": "Ana", "idempotencyKey": "a key of Ana", **changes})

    assert [code for _, code, _ in codes(other)] == ["IDEMPOTENCY_MISMATCH"]
    assert other["tokens"] is None


async def test_without_a_key_a_second_sign_up_finds_both_taken(api: Client) -> None:
    await signed_up(api)

    refused = await call(api, SIGN_UP, **{**ANA, "handle": "ANA.LIMA"})

    assert codes(refused) == [
        ("ConflictError", "TAKEN", ["input", "handle"]),
        ("ConflictError", "TAKEN", ["input", "email"]),
    ]
    assert refused["errors"][0]["suggestions"]
    assert refused["errors"][1]["suggestions"] == []
    assert (refused["viewer"], refused["session"], refused["tokens"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"email": "ana"}, ("BAD_FORMAT", "email")),
        ({"email": "ana\x00@example.com"}, (None, "email")),
        ({"handle": "ana..lima"}, ("BAD_FORMAT", "handle")),
        ({"handle": "ana lima"}, ("BAD_FORMAT", "handle")),
        ({"handle": "ana\x00"}, (None, "handle")),
        ({"handle": "x" * 31}, ("TOO_LONG", "handle")),
        ({"handle": "support"}, ("INVALID", "handle")),
        ({"password": "short"}, ("TOO_SHORT", "password")),
        ({"password": "x" * 257}, ("TOO_LONG", "password")),
        ({"password": "password123"}, ("INVALID", "password")),
        ({"password": "violet harbour\x00 41"}, (None, "password")),
        ({"displayName": "x" * 51}, ("TOO_LONG", "displayName")),
        ({"displayName": "Ana\x00"}, (None, "displayName")),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_bad_input_is_told_with_its_place(
    api: Client, db: Database, changes: dict[str, Any], expected: tuple[str | None, str]
) -> None:
    refused = await call(api, SIGN_UP, **{**ANA, **changes})

    code, place = expected
    (error,) = refused["errors"]
    assert error["path"] == ["input", place]
    assert error["code"] == (code or error["code"])
    async with db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(User)) == 0


async def test_ten_megabytes_of_password_do_not_come_in(api: Client) -> None:
    answer = await api.send(SIGN_UP, input={**ANA, "password": "x" * 10_000_000})

    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["ana.lima", "ANA@example.com"])
async def test_logging_in_opens_another_session(api: Client, name: str) -> None:
    first = await signed_up(api)

    done = await call(api, LOG_IN, identifier=name, password=PASSWORD)

    assert done["errors"] == []
    assert done["viewer"]["id"] == first["viewer"]["id"]
    assert done["session"]["id"] != first["session"]["id"]
    assert done["session"]["logInMethod"] == "PASSWORD"
    assert done["session"]["isCurrent"]


@pytest.mark.parametrize("wrong", [{"identifier": "nobody"}, {"password": "another password"}, {"password": ""}])
async def test_wrong_name_and_wrong_password_look_the_same(api: Client, wrong: dict[str, str]) -> None:
    await signed_up(api)

    refused = await call(api, LOG_IN, **{"identifier": "ana.lima", "password": PASSWORD, **wrong})

    assert codes(refused) == [("CredentialsError", "INVALID_CREDENTIALS", None)]
    assert refused["errors"][0]["message"] == "The name or password is wrong."
    assert refused["tokens"] is None


async def test_a_suspended_account_logs_in_to_read_its_account(api: Client, db: Database) -> None:
    ana = await account(db)
    await set_status(db, ana, "SUSPENDED")

    done = await call(api, LOG_IN, identifier="ana.lima", password=PASSWORD)

    assert done["errors"] == []
    assert done["viewer"]["account"]["status"] == "SUSPENDED"
    done = await call(api.signed_in(done["tokens"]["accessToken"]), LOG_OUT)
    assert len(done["endedSessionIds"]) == 1


async def test_refreshing_needs_no_access_token_and_goes_on_as_the_person(api: Client) -> None:
    first = await signed_up(api)

    done = await call(api, REFRESH, refreshToken=first["tokens"]["refreshToken"])

    assert done["errors"] == []
    assert done["session"]["id"] == first["session"]["id"]
    assert done["session"]["isCurrent"]
    assert done["query"]["viewer"]["id"] == first["viewer"]["id"]
    assert done["tokens"]["refreshToken"] != first["tokens"]["refreshToken"]


async def test_a_second_use_ends_the_session_at_once(api: Client) -> None:
    first = (await signed_up(api))["tokens"]
    second = (await call(api, REFRESH, refreshToken=first["refreshToken"]))["tokens"]
    assert (await api.signed_in(second["accessToken"]).ask(WHO))["viewer"]

    reused = await call(api, REFRESH, refreshToken=first["refreshToken"])

    assert codes(reused) == [("CredentialsError", "INVALID_CREDENTIALS", ["input", "refreshToken"])]
    assert reused["tokens"] is None
    assert await api.signed_in(second["accessToken"]).refusal(WHO) == "UNAUTHENTICATED"
    assert codes(await call(api, REFRESH, refreshToken=second["refreshToken"]))


async def test_a_lost_answer_comes_again_with_its_key(api: Client) -> None:
    first = (await signed_up(api))["tokens"]

    answers = [
        await call(api, REFRESH, refreshToken=first["refreshToken"], idempotencyKey="a key of Ana") for _ in range(3)
    ]

    assert answers[0]["errors"] == []
    assert [each["tokens"] for each in answers] == [answers[0]["tokens"]] * 3


@pytest.mark.parametrize("token", ["", "x", "rfr_AAAA", "rfr_" + "A" * 500, None])
async def test_garbage_refreshes_nothing(api: Client, token: str | None) -> None:
    refused = await call(api, REFRESH, refreshToken=token)

    ((_, code, path),) = codes(refused)
    assert code in {"INVALID_CREDENTIALS", "REQUIRED"}
    assert path == ["input", "refreshToken"]


async def test_logging_out_ends_the_session_at_once(api: Client) -> None:
    done = await signed_up(api)
    other = await call(api, LOG_IN, identifier="ana.lima", password=PASSWORD)
    here = api.signed_in(done["tokens"]["accessToken"])
    assert (await here.ask(WHO))["viewer"]

    out = await call(here, LOG_OUT)

    assert out["endedSessionIds"] == [done["session"]["id"]]
    assert out["query"]["viewer"] is None
    assert await here.refusal(WHO) == "UNAUTHENTICATED"
    assert codes(await call(api, REFRESH, refreshToken=done["tokens"]["refreshToken"]))
    assert (await api.signed_in(other["tokens"]["accessToken"]).ask(WHO))["viewer"]


async def test_logging_out_everywhere_ends_all(api: Client) -> None:
    done = await signed_up(api)
    other = await call(api, LOG_IN, identifier="ana.lima", password=PASSWORD)

    out = await call(api.signed_in(done["tokens"]["accessToken"]), LOG_OUT, allDevices=True)

    assert set(out["endedSessionIds"]) == {done["session"]["id"], other["session"]["id"]}
    assert await api.signed_in(other["tokens"]["accessToken"]).refusal(WHO) == "UNAUTHENTICATED"


async def test_only_a_signed_in_person_logs_out(api: Client) -> None:
    assert await api.refusal(LOG_OUT, input={}) == "UNAUTHENTICATED"


async def test_without_a_token_there_is_no_viewer(api: Client) -> None:
    assert await api.ask(WHO) == {"viewer": None}


async def test_a_bad_token_is_not_nobody(api: Client) -> None:
    answer = await api.signed_in("x.y.z").send(WHO)

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in answer.json()


async def test_an_expired_token_is_refused_and_its_session_refreshed(api: Client) -> None:
    tokens = (await signed_up(api))["tokens"]

    with later(minutes=16):
        refusal = await api.signed_in(tokens["accessToken"]).refusal(WHO)
        refreshed = await call(api, REFRESH, refreshToken=tokens["refreshToken"])

    assert refusal == "UNAUTHENTICATED"
    assert refreshed["errors"] == []


async def test_a_session_is_good_in_every_process(api: Client, config: Settings) -> None:
    tokens = (await signed_up(api))["tokens"]

    async with serving(config) as other:
        assert (await other.signed_in(tokens["accessToken"]).ask(WHO))["viewer"]


async def test_nobody_reads_sessions_and_accounts_of_others(api: Client) -> None:
    node = "query ($id: ID!) { node(id: $id) { __typename id } }"
    ana = await signed_up(api)
    ben = await signed_up(api, email="ben@example.com", handle="ben")
    own = api.signed_in(ana["tokens"]["accessToken"])

    for mine, theirs in zip(private_ids(ana), private_ids(ben), strict=True):
        assert (await own.ask(node, id=mine))["node"]["id"] == mine
        assert (await own.ask(node, id=theirs))["node"] is None
        assert (await api.ask(node, id=mine))["node"] is None


def private_ids(signed_up: Any) -> list[str]:
    return [signed_up["session"]["id"], signed_up["viewer"]["id"], signed_up["viewer"]["account"]["id"]]


async def test_other_programs_can_check_our_tokens(api: Client) -> None:
    token = (await signed_up(api))["tokens"]["accessToken"]

    answer = await api.http.get("/.well-known/jwks.json")

    keys = jwt.PyJWKSet.from_dict(answer.json())
    kid = jwt.get_unverified_header(token)["kid"]
    assert jwt.decode(token, keys[kid], ["EdDSA"], options={"verify_aud": False})
    assert "d" not in answer.json()["keys"][0]


async def test_the_session_row_keeps_no_token(api: Client, db: Database) -> None:
    tokens = (await signed_up(api))["tokens"]

    async with db.reading() as read:
        row = await read.first(select(Session.refresh_hash, Session.replay))

    assert row is not None
    assert row.replay is None
    assert tokens["refreshToken"].encode() not in row.refresh_hash
