"""Tokens that nobody was given: forged, changed, used twice, used too late, used in another's place.

What one token can look like and still be refused is walked through in `tests/unit/test_tokens.py`; here the whole API
is asked, by each way in.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.ids import SessionId, UserId
from core.settings import Settings
from core.tokens import RefreshToken, SigningKey, audience, public_jwk
from models.auth import Session
from models.outbox import OutboxEntry
from services.auth import keys, sessions
from services.auth.sessions import AuthTokens
from tests.client import Client
from tests.factories.sessions import PASSWORD, account, end, enter, is_open, later, set_status
from tests.realtime.sockets import api_on_a_port

WHO = "{ viewer { session { id } } }"
REFRESH = """mutation ($input: RefreshSessionInput!) {
    it: refreshSession(input: $input) { session { id } tokens { refreshToken } errors { code path } }
}"""
LOG_IN = """mutation ($input: LogInInput!) {
    it: logIn(input: $input) { session { id } tokens { accessToken refreshToken } errors { code } }
}"""


@dataclass(frozen=True)
class World:
    """What an attacker has: a token of an account of his own, all that is published, and ids of the victim."""

    key: SigningKey
    tokens: AuthTokens
    other: SessionId
    ids: tuple[UUID, UUID]

    @property
    def claims(self) -> dict[str, Any]:
        return jwt.decode(self.tokens.access_token, options={"verify_signature": False})

    @property
    def kid(self) -> str:
        return self.key.kid

    def signed(self, *, by: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token of ours with some of it changed, as only we could sign it."""
        whole = {"typ": "at+jwt", "kid": self.kid} | (header or {})
        payload = {name: value for name, value in (self.claims | changes).items() if value is not None}
        return jwt.encode(payload, by or self.key.private, "EdDSA", whole)

    def by_hand(self, header: dict[str, Any], sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
        body = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(self.claims).encode())}"
        return f"{body}.{_packed(sign(body.encode()))}"


def _packed(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _by_public_key(world: World, pem: bool) -> str:
    public = world.key.private.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    secret = public.public_bytes(serialization.Encoding.PEM, form) if pem else world.key.public
    hmac = jwt.get_algorithm_by_name("HS256")
    return world.by_hand({"alg": "HS256", "typ": "at+jwt", "kid": world.kid}, lambda body: hmac.sign(body, secret))


def _with_own_key(world: World) -> str:
    evil = SigningKey.new()
    return world.signed(by=evil.private, header={"jwk": public_jwk(world.kid, evil.private.public_key())})


def _moved(world: World) -> str:
    """The signature of one token under the claims of another."""
    head, _, signature = world.tokens.access_token.split(".")
    claims = world.claims | {"sid": str(world.other), "sub": str(UserId(world.other.user_id))}
    return f"{head}.{_packed(json.dumps(claims).encode())}.{signature}"


def _in(**distance: float) -> int:
    return int((clock.now() + timedelta(**distance)).timestamp())


FORGED: dict[str, Callable[[World], str]] = {
    "no algorithm": lambda world: world.by_hand({"alg": "none", "typ": "at+jwt", "kid": world.kid}),
    "no algorithm, in capitals": lambda world: world.by_hand({"alg": "NONE", "typ": "at+jwt", "kid": world.kid}),
    "no signature": lambda world: world.tokens.access_token.rpartition(".")[0] + ".",
    "public key as shared secret": lambda world: _by_public_key(world, pem=False),
    "public key as shared secret, as PEM": lambda world: _by_public_key(world, pem=True),
    "another key under our name": lambda world: world.signed(by=SigningKey.new().private),
    "an unknown key": lambda world: world.signed(header={"kid": SigningKey.new().kid}),
    "a path for a key": lambda world: world.signed(header={"kid": "../../dev/null"}),
    "a key that comes along": _with_own_key,
    "a key to be fetched": lambda world: world.signed(header={"jku": "https://evil.example/keys"}),
    "a certificate to be fetched": lambda world: world.signed(header={"x5u": "https://evil.example/cert"}),
    "an extension that must be understood": lambda world: world.signed(header={"crit": ["exp"]}),
    "a token of another type": lambda world: world.signed(header={"typ": "JWT"}),
    "an id token": lambda world: world.signed(header={"typ": "JWT"}, aud="a client", nonce="x"),
    "another audience": lambda world: world.signed(aud="https://other.example/graphql"),
    "several audiences": lambda world: world.signed(aud=[audience(), "https://other.example"]),
    "another issuer": lambda world: world.signed(iss="https://other.example"),
    "expired": lambda world: world.signed(iat=_in(minutes=-20), exp=_in(minutes=-5)),
    "without an end": lambda world: world.signed(exp=None),
    "not yet valid": lambda world: world.signed(iat=_in(minutes=5), exp=_in(minutes=20)),
    "not before": lambda world: world.signed(nbf=_in(minutes=5)),
    "claims of somebody else": _moved,
    "the session of somebody else": lambda world: world.signed(sid=str(world.other)),
    "the person without the session": lambda world: world.signed(sub=str(UserId(world.other.user_id))),
    "a session that never was": lambda world: world.signed(sid=str(SessionId(world.tokens.session.user_id, uuid4()))),
    "a refresh token": lambda world: world.tokens.refresh_token,
    "an id": lambda world: str(world.tokens.session),
}


@pytest.fixture
async def world(backends: Backends) -> World:
    mallory = await account(backends.db, "mallory", "mallory@example.com")
    ana = await account(backends.db)
    victim = await enter(backends, ana)
    tokens = await enter(backends, mallory)
    return World(await keys.signing_key(backends), tokens, victim.session, (mallory, ana))


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_opens_nothing(api: Client, world: World, name: str) -> None:
    answer = await api.signed_in(FORGED[name](world)).send(WHO)

    assert answer.status_code == 401
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_all_forged_tokens_are_told_the_same(api: Client, world: World) -> None:
    answers = [(await api.signed_in(forge(world)).send(WHO)).json()["errors"][0] for forge in FORGED.values()]

    assert len({answer["message"] for answer in answers}) == 1
    assert not any({"path", "locations"} & answer.keys() for answer in answers)


async def test_the_token_itself_opens_its_session(api: Client, world: World) -> None:
    seen = await api.signed_in(world.signed()).ask(WHO)

    assert seen["viewer"]["session"]["id"] == str(world.tokens.session)


async def test_a_forged_token_opens_no_socket_and_no_stream(config: Settings, world: World) -> None:
    forged = FORGED["public key as shared secret"](world)
    body = {"query": "subscription { accountEvents { cursor } }"}

    async with api_on_a_port(config) as api:
        with pytest.raises(Exception, match="4403"):
            async with api.subscribing(forged, body["query"]):
                pass
        headers = {"authorization": f"Bearer {forged}", "accept": "text/event-stream"}
        refused = await api.client.http.post("/graphql", json=body, headers=headers)

    assert refused.status_code == 401


async def test_a_revoked_session_takes_its_tokens_along(api: Client, backends: Backends, world: World) -> None:
    await end(backends, world.tokens.session)

    assert await api.signed_in(world.tokens.access_token).refusal(WHO) == "UNAUTHENTICATED"
    assert (await _refreshed(api, world.tokens.refresh_token))["tokens"] is None


async def test_a_deleted_account_takes_its_tokens_along(api: Client, db: Database, world: World) -> None:
    await set_status(db, world.ids[0], "DELETED")

    assert await api.signed_in(world.tokens.access_token).refusal(WHO) == "UNAUTHENTICATED"


@pytest.mark.parametrize("field", ["access_token", "session"])
async def test_nothing_but_a_refresh_token_refreshes(api: Client, backends: Backends, world: World, field: str) -> None:
    refused = await _refreshed(api, str(getattr(world.tokens, field)))

    assert refused["tokens"] is None
    assert await is_open(backends.db, world.tokens.session)


async def test_a_refresh_token_of_another_session_cannot_be_made_from_ones_own(
    api: Client, backends: Backends, world: World
) -> None:
    own = RefreshToken.parse(world.tokens.refresh_token)
    text = str(own)
    as_if = str(RefreshToken(world.other, own.secret))

    for made_up in (as_if[:-22] + text[-22:], as_if[:-22], as_if + "=", as_if.replace("rfr_", "")):
        assert (await _refreshed(api, made_up))["tokens"] is None
    assert await is_open(backends.db, world.other)


async def test_a_refresh_token_that_comes_again_ends_its_session_alone_and_is_reported(
    api: Client, backends: Backends, world: World
) -> None:
    elsewhere = await enter(backends, world.ids[0])
    fresh = (await _refreshed(api, world.tokens.refresh_token))["tokens"]["refreshToken"]

    thief = await _refreshed(api, world.tokens.refresh_token)
    owner = await _refreshed(api, fresh)

    assert (thief["tokens"], owner["tokens"]) == (None, None)
    assert thief["errors"] == owner["errors"] == [{"code": "INVALID_CREDENTIALS", "path": ["input", "refreshToken"]}]
    assert not await is_open(backends.db, world.tokens.session)
    assert await is_open(backends.db, elsewhere.session)
    assert await _reported(backends.db) == [
        {"user_id": str(world.ids[0]), "session_id": str(world.tokens.session.id)},
    ]


async def test_of_two_refreshes_at_once_one_wins_and_the_session_ends_with_both(
    api: Client, backends: Backends, world: World
) -> None:
    token = sessions.presented(world.tokens.refresh_token, ())
    # In the database: what the winner is answered goes by whether the other has ended the session by then.
    both = await asyncio.gather(*(backends.db.write(lambda tx: _refresh(tx, world, token)) for _ in range(2)))

    won = [tokens for tokens in both if tokens]
    assert len(won) == 1
    assert (await _refreshed(api, won[0].refresh_token))["tokens"] is None
    assert not await is_open(backends.db, world.tokens.session)


async def test_of_two_refreshes_at_once_by_one_client_both_get_the_same(api: Client, world: World) -> None:
    both = await asyncio.gather(
        *(_refreshed(api, world.tokens.refresh_token, idempotencyKey="of this client") for _ in range(2))
    )

    assert both[0]["tokens"] == both[1]["tokens"]
    assert both[0]["errors"] == []


async def test_a_refresh_token_that_ran_out_is_no_second_use(api: Client, backends: Backends, world: World) -> None:
    with later(days=31):
        assert (await _refreshed(api, world.tokens.refresh_token))["tokens"] is None

    assert await _reported(backends.db) == []


async def test_logging_in_with_a_planted_token_begins_a_session_of_its_own(
    api: Client, backends: Backends, world: World
) -> None:
    planted = api.signed_in(world.tokens.access_token)

    done = (await planted.ask(LOG_IN, input={"identifier": "ana.lima", "password": PASSWORD}))["it"]

    async with backends.db.reading() as read:
        owner = await read.scalar(
            select(Session.user_id).where(Session.id == SessionId.parse(done["session"]["id"]).id)
        )
    assert done["session"]["id"] not in {str(world.tokens.session), str(world.other)}
    assert owner == world.ids[1]
    assert (await planted.ask(WHO))["viewer"]["session"]["id"] == str(world.tokens.session)


async def _refresh(tx: Write, world: World, token: RefreshToken) -> AuthTokens | None:
    return await sessions.refresh(tx, world.key, token, None)


async def _refreshed(api: Client, token: str, **more: Any) -> Any:
    return (await api.ask(REFRESH, input={"refreshToken": token, **more}))["it"]


async def _reported(db: Database) -> list[Any]:
    async with db.reading() as read:
        return list(await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "RefreshTokenReused")))
