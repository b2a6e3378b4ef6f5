"""Attacks on log-in with outside providers: lying tokens, stolen and forged attempts, open doors."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from sqlalchemy import select, text

from core import clock, outbound
from core.backends import Backends
from core.db import Database
from core.id_tokens import UnknownIdKey
from core.ids import ViewerId
from core.openid import Identity, Request, Return
from core.outbound import Outbound, Unreachable, is_public, public_address
from core.providers import Provider
from core.settings import Settings
from models.providers import ProviderLogIn
from services.providers import attempts
from tests.api.test_auth import codes, signed_up
from tests.client import Client, serving
from tests.factories.mails import Mails
from tests.factories.second_factors import protect
from tests.factories.sessions import PASSWORD, later, set_status
from tests.providers import BEGIN, HOME, Liar, begin, complete, description, with_providers

Claims = dict[str, Any]

USELESS = [("CredentialsError", "INVALID_CREDENTIALS", ["input", "state"])]
NOT_BELIEVED = [("CredentialsError", "INVALID_CREDENTIALS", ["input", "authorizationCode"])]
FAILED = [("GenericError", "UNAVAILABLE", None)]

LOG_IN = """mutation ($password: String!) {
    it: logIn(input: {identifier: "Ana.Lima", password: $password}) { tokens { accessToken } }
}"""
SECOND_STEP = """mutation ($token: String!, $code: String!) {
    it: completeLogIn(input: {challengeToken: $token, code: {totp: $code}}) { session { logInMethod } errors { code } }
}"""


@pytest.fixture
def config(config: Settings, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return with_providers(monkeypatch, description(liar.issuer))


def at(**distance: float) -> int:
    return int((clock.now() + timedelta(**distance)).timestamp())


LYING_CLAIMS: dict[str, Callable[[], Claims]] = {
    "another nonce": lambda: {"nonce": "another"},
    "no nonce": lambda: {"nonce": None},
    "a nonce that is no text": lambda: {"nonce": ["x"]},
    "for another client": lambda: {"aud": "another"},
    "for nobody": lambda: {"aud": None},
    "for several, and given to none": lambda: {"aud": ["aperture", "another"]},
    "for several, and given to another": lambda: {"aud": ["aperture", "another"], "azp": "another"},
    "given to another": lambda: {"azp": "another"},
    "of another issuer": lambda: {"iss": "https://accounts.example.org"},
    "of no issuer": lambda: {"iss": None},
    "expired": lambda: {"exp": at(minutes=-2)},
    "without an end": lambda: {"exp": None},
    "an end that is no time": lambda: {"exp": "never"},
    "an end beyond time": lambda: {"exp": 10**30},
    "issued before the attempt": lambda: {"iat": at(minutes=-30)},
    "issued tomorrow": lambda: {"iat": at(days=1), "exp": at(days=2)},
    "not valid yet": lambda: {"nbf": at(minutes=10)},
    "about nobody": lambda: {"sub": None},
    "about an empty name": lambda: {"sub": ""},
    "about a number": lambda: {"sub": 7},
    "about a name without end": lambda: {"sub": "a" * 256},
    "with another access token": lambda: {"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"},
}


def _by(key: Any, algorithm: str, **header: Any) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(claims, key, algorithm, {"kid": "one", **header})


def _with_secret(secret: bytes) -> Callable[[Claims], str]:
    """A token signed by HMAC, put together by hand: the library refuses to take a public key for a secret."""

    def sign(claims: Claims) -> str:
        body = jwt.encode(claims, "x" * 64, "HS256", {"kid": "one"}).rpartition(".")[0]
        mac = jwt.get_algorithm_by_name("HS256").sign(body.encode(), secret)
        return f"{body}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return sign


def _signed_by_others(liar: Liar) -> dict[str, Callable[[Claims], str]]:
    stranger = generate_private_key(65537, 2048)
    pem = liar.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    return {
        "alg none": lambda claims: jwt.encode(claims, "", "none", {"kid": "one"}),
        "the public key as a secret": _with_secret(pem),
        "the client secret": _with_secret(b"a secret of two"),
        "a stranger's key under the provider's name": _by(stranger, "RS256"),
        "a key for something else": _by(liar.key, "RS256", kid="locks"),
        "a key the provider does not have": _by(stranger, "RS256", kid="two"),
        "a key that comes along": _by(stranger, "RS256", kid="two", jwk=jwk),
        "a key from elsewhere": _by(stranger, "RS256", kid="two", jku="https://evil.example/keys"),
        "an unknown demand": _by(liar.key, "RS256", crit=["x"], x=1),
        "a changed signature": lambda claims: liar.signed(claims)[:-8] + "AAAAAAAA",
        "no token": lambda _: "x",
        "a token without end": lambda claims: liar.signed({**claims, "x": "x" * 20_000}),
        "another algorithm than the key's": _by(generate_private_key(65537, 2048), "PS256"),
    }


@pytest.mark.parametrize("lie", LYING_CLAIMS)
async def test_claims_that_are_not_for_this_log_in_are_not_believed(api: Client, liar: Liar, lie: str) -> None:
    begun = await begin(api)
    liar.claims = LYING_CLAIMS[lie]()

    refused = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert codes(refused) == NOT_BELIEVED
    assert (refused["viewer"], refused["tokens"]) == (None, None)


async def test_what_the_provider_has_not_signed_is_not_believed(api: Client, liar: Liar) -> None:
    believed = []
    for name, sign in _signed_by_others(liar).items():
        begun = await begin(api)
        liar.sign = sign
        if codes(await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))) != NOT_BELIEVED:
            believed.append(name)

    assert believed == []


async def test_the_liar_is_believed_when_it_tells_the_truth(api: Client, liar: Liar) -> None:
    at_hash = urlsafe_b64encode(sha256(b"at").digest()[:16]).rstrip(b"=").decode()
    liar.claims = {"aud": ["aperture", "another"], "azp": "aperture", "at_hash": at_hash}
    begun = await begin(api)

    done = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert done["errors"] == []
    assert done["isNewAccount"] is True


async def test_an_attempt_works_once(api: Client, liar: Liar) -> None:
    begun = await begin(api)
    code = liar.code(begun["authorizationUrl"])

    first = await complete(api, begun["state"], code)
    again = await complete(api, begun["state"], code)
    another_code = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert first["errors"] == []
    assert codes(again) == codes(another_code) == USELESS


async def test_of_two_at_once_one_comes_in(api: Client, liar: Liar) -> None:
    begun = await begin(api)
    code = liar.code(begun["authorizationUrl"])

    came = await asyncio.gather(*(complete(api, begun["state"], code) for _ in range(2)))

    assert sorted(codes(each) for each in came) == [[], USELESS]
    assert liar.asked.count("/token") == 1


async def test_a_code_is_offered_to_the_provider_once(api: Client, liar: Liar) -> None:
    begun = await begin(api)

    guessed = await complete(api, begun["state"], "a guess")
    guessed_again = await complete(api, begun["state"], "another guess")

    assert codes(guessed) == NOT_BELIEVED
    assert codes(guessed_again) == USELESS
    assert liar.asked.count("/token") == 1


@pytest.mark.parametrize("state", ["", "x", "😀" * 128, "A" * 43])
async def test_a_forged_state_leads_nowhere(api: Client, liar: Liar, state: str) -> None:
    assert codes(await complete(api, state, "code")) == USELESS
    assert "/token" not in liar.asked


async def test_an_attempt_ends_after_ten_minutes(api: Client, liar: Liar) -> None:
    begun = await begin(api)
    code = liar.code(begun["authorizationUrl"])

    with later(minutes=10, seconds=1):
        refused = await complete(api, begun["state"], code)

    assert codes(refused) == USELESS


async def test_nobody_completes_what_somebody_else_began(api: Client, liar: Liar) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    ben = api.signed_in((await signed_up(api, handle="ben", email="ben@example.com"))["tokens"]["accessToken"])
    of_nobody, of_ana = await begin(api), await begin(ana)
    code_of_nobody, code_of_ana = liar.code(of_nobody["authorizationUrl"]), liar.code(of_ana["authorizationUrl"])

    refused = [
        await complete(ben, of_ana["state"], code_of_ana),
        await complete(api, of_ana["state"], code_of_ana),
        await complete(ana, of_nobody["state"], code_of_nobody),
    ]
    meant = await complete(ana, of_ana["state"], code_of_ana)

    assert [codes(each) for each in refused] == [USELESS] * 3
    assert meant["errors"] == []


async def test_another_session_of_the_same_person_is_another_browser(api: Client, liar: Liar) -> None:
    first = await begin(api)
    eve = await complete(api, first["state"], liar.code(first["authorizationUrl"], "eve"))
    second = await begin(api)
    eve_elsewhere = await complete(api, second["state"], liar.code(second["authorizationUrl"], "eve"))
    here, there = (api.signed_in(each["tokens"]["accessToken"]) for each in (eve, eve_elsewhere))
    begun = await begin(here)

    assert codes(await complete(there, begun["state"], liar.code(begun["authorizationUrl"], "eve"))) == USELESS


async def test_a_second_factor_is_not_passed_by(api: Client, db: Database, liar: Liar) -> None:
    begun = await begin(api)
    eve = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))
    app = await protect(db, ViewerId.parse(eve["viewer"]["id"]).id)
    begun = await begin(api)

    stopped = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))
    wrong = (await api.ask(SECOND_STEP, token=stopped["challenge"]["token"], code=app.wrong()))["it"]
    right = (await api.ask(SECOND_STEP, token=stopped["challenge"]["token"], code=app.code()))["it"]

    assert (stopped["viewer"], stopped["session"], stopped["tokens"]) == (None, None, None)
    assert "TOTP" in stopped["challenge"]["methods"]
    assert (wrong["session"], right["session"]) == (None, {"logInMethod": "PROVIDER"})


@pytest.mark.parametrize(
    ("status", "then"), [("DEACTIVATED", "ACTIVE"), ("SUSPENDED", "SUSPENDED"), ("ACTIVE", "ACTIVE")]
)
async def test_an_account_comes_in_as_it_is_and_one_that_sleeps_wakes_up(
    api: Client, db: Database, liar: Liar, status: str, then: str
) -> None:
    begun = await begin(api)
    eve = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))
    await set_status(db, ViewerId.parse(eve["viewer"]["id"]).id, status)
    begun = await begin(api)

    done = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))

    client = api.signed_in(done["tokens"]["accessToken"])
    assert (await client.ask("{ viewer { account { status } } }"))["viewer"]["account"] == {"status": then}


async def test_a_suspended_account_gets_no_further_way_in(api: Client, db: Database, liar: Liar) -> None:
    ana = await signed_up(api)
    await set_status(db, ViewerId.parse(ana["viewer"]["id"]).id, "SUSPENDED")
    client = api.signed_in((await api.ask(LOG_IN, password=PASSWORD))["it"]["tokens"]["accessToken"])
    begun = await begin(client)

    refused = await complete(client, begun["state"], liar.code(begun["authorizationUrl"]))

    assert codes(refused) == [("GenericError", "ACCOUNT_RESTRICTED", None)]


async def test_who_signed_up_with_your_address_has_no_way_in_once_you_prove_it(
    api: Client, liar: Liar, mails: Mails
) -> None:
    mallory = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    begun = await begin(mallory)
    assert (await complete(mallory, begun["state"], liar.code(begun["authorizationUrl"], "mallory")))["errors"] == []
    change = 'mutation { it: requestEmailVerification(input: {email: "m@example.net"}) { errors { code } } }'
    assert (await mallory.ask(change))["it"] == {"errors": []}
    to_mallory = await mails.code("m@example.net", "Confirm your new address")

    await api.ask('mutation { requestPasswordReset(input: {identifier: "ana@example.com"}) { errors { code } } }')
    code = await mails.code("ana@example.com", "Set a new password")
    reset = "mutation ($input: ResetPasswordInput!) { it: resetPassword(input: $input) { wasReset } }"
    await api.ask(reset, input={"code": code, "newPassword": "seven quiet lanterns 8"})

    begun = await begin(api)
    back = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "mallory"))
    assert back["isNewAccount"] is True
    verify = "mutation ($code: String!) { it: verifyEmail(input: {code: $code}) { verifiedEmail errors { code } } }"
    refused = (await api.ask(verify, code=to_mallory))["it"]
    assert refused == {"verifiedEmail": None, "errors": [{"code": "CODE_EXPIRED"}]}


async def test_who_takes_an_account_back_leaves_no_door_open(api: Client, liar: Liar, mails: Mails) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    verify = "mutation ($code: String!) { it: verifyEmail(input: {code: $code}) { verifiedEmail errors { code } } }"
    await api.ask(verify, code=await mails.code("ana@example.com", "Confirm your address"))
    begun = await begin(ana)
    await complete(ana, begun["state"], liar.code(begun["authorizationUrl"], "mallory"))
    await ana.ask('mutation { requestEmailVerification(input: {email: "m@example.net"}) { errors { code } } }')
    await api.ask(verify, code=await mails.code("m@example.net", "Confirm your new address"))

    back = await api.ask(verify, code=await mails.code("ana@example.com", "The address of your account was changed"))

    assert back["it"] == {"verifiedEmail": "ana@example.com", "errors": []}
    begun = await begin(api)
    assert (await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "mallory")))["isNewAccount"]


async def test_an_identity_of_somebody_else_is_never_linked(api: Client, liar: Liar) -> None:
    begun = await begin(api)
    await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    begun = await begin(ana)

    refused = await complete(ana, begun["state"], liar.code(begun["authorizationUrl"], "eve"))

    assert codes(refused) == [("ConflictError", "CONFLICT", ["input", "state"])]


async def test_a_log_in_from_before_the_attempt_proves_nothing(api: Client, liar: Liar) -> None:
    begun = await begin(api)
    eve = await complete(api, begun["state"], liar.code(begun["authorizationUrl"], "eve"))
    client = api.signed_in(eve["tokens"]["accessToken"])
    liar.claims = {"auth_time": at(hours=-3)}
    begun = await begin(client)
    assert "max_age=0" in begun["authorizationUrl"]
    assert (await complete(client, begun["state"], liar.code(begun["authorizationUrl"], "eve")))["errors"] == []

    prove = "mutation ($s: String!) { it: reauthenticate(input: {proof: {providerState: $s}}) { errors { code } } }"
    refused = (await client.ask(prove, s=begun["state"]))["it"]

    assert refused["errors"] == [{"code": "INVALID_CREDENTIALS"}]


async def test_a_link_just_made_proves_nothing(api: Client, liar: Liar) -> None:
    ana = api.signed_in((await signed_up(api))["tokens"]["accessToken"])
    begun = await begin(ana)
    assert (await complete(ana, begun["state"], liar.code(begun["authorizationUrl"])))["errors"] == []

    prove = "mutation ($s: String!) { it: reauthenticate(input: {proof: {providerState: $s}}) { errors { code } } }"
    refused = (await ana.ask(prove, s=begun["state"]))["it"]

    assert refused["errors"] == [{"code": "INVALID_CREDENTIALS"}]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/welcome",
        "https://app.example.org.evil.example/welcome",
        "https://app.example.org@evil.example/welcome",
        "https://app.example.org/welcome/",
        "https://app.example.org/welcome?next=https://evil.example",
        "https://app.example.org/welcome#x",
        "https://app.example.org/welcome/../open",
        "https://APP.example.org/welcome",
        "http://app.example.org/welcome",
        "https://app.example.org:444/welcome",
    ],
)
async def test_people_are_sent_back_to_registered_addresses_alone(api: Client, address: str) -> None:
    refused = (await api.ask(BEGIN, redirectUri=address))["it"]

    assert codes(refused) == [("ValidationError", "INVALID", ["input", "redirectUri"])]
    assert (refused["authorizationUrl"], refused["state"]) == (None, None)


async def test_a_provider_nobody_has_named_is_not_found(api: Client) -> None:
    refused = (await api.ask(BEGIN, provider="evil"))["it"]

    assert codes(refused) == [("NotFoundError", "NOT_FOUND", ["input", "provider"])]


async def test_nothing_of_an_attempt_can_be_read_from_the_database(api: Client, db: Database, liar: Liar) -> None:
    begun = await begin(api)
    liar.claims = {"email_verified": False}
    await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    async with db.reading(fresh=True) as read:
        row = str(await read.scalar(text("select l::text from provider_log_ins l")))
        sealed = await read.scalar(select(ProviderLogIn.identity))

    nonce = begun["authorizationUrl"].partition("nonce=")[2].partition("&")[0]
    assert sealed is not None
    assert begun["state"] not in row
    for secret in (begun["state"], nonce, "ana-there"):
        assert secret.encode().hex() not in row


async def test_old_attempts_are_forgotten(api: Client, db: Database) -> None:
    await begin(api)

    assert await db.write(lambda tx: attempts.purge(tx, clock.now())) == 0
    assert await db.write(lambda tx: attempts.purge(tx, clock.now() + timedelta(minutes=11))) == 1


FAILURES: dict[str, tuple[int, Any]] = {
    "is out of order": (503, {"error": "server_error"}),
    "does not know us": (401, {"error": "invalid_client"}),
    "answers something else": (200, b"<html>"),
    "answers a list": (200, []),
    "answers without end": (200, b'{"x": "' + b"x" * outbound.MAX_BYTES + b'"}'),
    "leads elsewhere": (302, b"http://127.0.0.1:9/token"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_provider_that_fails_is_told_apart_from_a_wrong_code(api: Client, liar: Liar, failure: str) -> None:
    begun = await begin(api)
    liar.answer = FAILURES[failure]

    refused = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert codes(refused) == FAILED
    assert "House of Keys" in refused["errors"][0]["message"]


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_document_of_another_issuer_or_without_addresses_is_not_used(
    config: Settings, liar: Liar, lie: Claims
) -> None:
    liar.discovery = lie

    async with serving(config) as api:
        assert codes((await api.ask(BEGIN))["it"]) == FAILED


async def test_endpoints_and_keys_are_asked_for_once_whatever_keys_tokens_name(api: Client, liar: Liar) -> None:
    for subject in ("ana", "ben"):
        begun = await begin(api)
        assert (await complete(api, begun["state"], liar.code(begun["authorizationUrl"], subject)))["errors"] == []
    for _ in range(3):
        begun = await begin(api)
        liar.sign = _by(generate_private_key(65537, 2048), "RS256", kid="unknown")
        await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert liar.asked.count("/keys") == 1
    assert liar.asked.count("/.well-known/openid-configuration") == 1


async def test_a_new_key_is_learned_a_minute_after_the_keys_were_read(backends: Backends, liar: Liar) -> None:
    provider = Provider.model_validate(description(liar.issuer))

    async def come_back() -> Identity:
        request = Request(HOME, "state", "nonce", "verifier", is_fresh=False)
        code = liar.code(await backends.openid.authorization_url(provider, request))
        return await backends.openid.identity(provider, Return(code, HOME, "nonce", "verifier", clock.now()))

    await come_back()
    liar.key, liar.kid = generate_private_key(65537, 2048), "two"
    with pytest.raises(UnknownIdKey):
        await come_back()
    backends.openid._asked_lately.forget(provider.issuer)

    assert (await come_back()).subject == "ana-there"


@pytest.mark.parametrize("userinfo", [{"sub": "somebody-else"}, {}])
async def test_what_is_said_of_somebody_else_does_not_count(api: Client, liar: Liar, userinfo: Claims) -> None:
    liar.discovery = {"userinfo_endpoint": f"{liar.issuer}/userinfo"}
    liar.claims = {"email": None, "email_verified": None}
    liar.userinfo = {**userinfo, "email": "ana@example.com", "email_verified": True}
    begun = await begin(api)

    assert codes(await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))) == NOT_BELIEVED


async def test_an_address_is_confirmed_where_it_is_named(api: Client, liar: Liar) -> None:
    liar.discovery = {"userinfo_endpoint": f"{liar.issuer}/userinfo"}
    liar.claims = {"email": None, "email_verified": True}
    liar.userinfo = {"sub": "ana-there", "email": "ben@example.com", "email_verified": False}
    begun = await begin(api)

    refused = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert codes(refused) == [("ValidationError", "INVALID", ["input", "state"])]


async def test_what_is_said_beside_the_token_counts(api: Client, liar: Liar) -> None:
    liar.discovery = {"userinfo_endpoint": f"{liar.issuer}/userinfo"}
    liar.claims = {"email": None, "email_verified": None}
    liar.userinfo = {"sub": "ana-there", "email": "ana@example.com", "email_verified": "true"}
    begun = await begin(api)

    done = await complete(api, begun["state"], liar.code(begun["authorizationUrl"]))

    assert done["viewer"]["account"]["email"] == "ana@example.com"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1", "::1", "fc00::1",
     "fe80::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"],
)  # fmt: skip
def test_private_addresses_are_known(address: str) -> None:
    assert not is_public(address)


async def test_production_calls_no_private_network(liar: Liar) -> None:
    calls = Outbound(reaches_inside=False)

    with pytest.raises(Unreachable):
        await calls.get(liar.issuer)
    with pytest.raises(OSError, match="public"):
        await public_address("localhost", 443)
    await calls.aclose()

    assert liar.asked == []
    assert await public_address("1.1.1.1", 443) == "1.1.1.1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://login.example.org"},
        {"issuer": "https://login.example.org", "token_endpoint": "http://login.example.org/token"},
        {"issuer": "https://login.example.org", "scopes": ["email"]},
        {"issuer": "https://login.example.org", "redirect_uris": []},
        {"issuer": "https://login.example.org", "redirect_uris": [f"{HOME}#x"]},
        {"issuer": "https://login.example.org", "key": "Not A Key"},
        {"issuer": "https://login.example.org", "surprise": True},
    ],
)
def test_production_does_not_start_with_an_unsafe_provider_and_tells_no_secret(
    config: Settings, monkeypatch: pytest.MonkeyPatch, wrong: Claims
) -> None:
    monkeypatch.setenv("APERTURE_ENVIRONMENT", "production")

    with pytest.raises(ValidationError) as refused:
        with_providers(monkeypatch, description(**wrong))

    assert "a secret of two" not in str(refused.value)


def test_two_providers_do_not_share_a_key(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="same key"):
        with_providers(monkeypatch, description("https://one.example"), description("https://two.example"))
