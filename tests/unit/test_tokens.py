"""Tokens: what this installation did not sign, in its own way and time, opens nothing."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

from core import clock
from core.ids import SessionId, UserId
from core.sealing import BrokenSeal, seal, unseal
from core.settings import settings
from core.tokens import (
    BadToken,
    RefreshToken,
    SigningKey,
    UnknownKey,
    audience,
    issue_access,
    public_jwk,
    read_access,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SESSION = SessionId(UUID(int=7), UUID(int=8))
KEY = SigningKey.new()
KEYS = {KEY.kid: KEY.private.public_key()}
ODD_TIMES: tuple[Any, ...] = (1.5, [], {}, -(10**18), 10**300, float("inf"))
HEADER = {"typ": "at+jwt", "kid": KEY.kid}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a good token with some of them changed; None leaves one out."""
    good = {
        "sub": str(UserId(SESSION.user_id)),
        "sid": str(SESSION),
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
        "aud": audience(),
        "iss": settings().public_url,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(payload: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    return jwt.encode(payload, KEY.private, "EdDSA", {**HEADER, **(header or {})})


def assembled(header: Any, payload: Any, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_token_of_ours_tells_who_and_until_when() -> None:
    token, expires_at = issue_access(KEY, SESSION)

    read = read_access(token, KEYS)

    assert read.session == SESSION
    assert read.expires_at == expires_at == NOW + timedelta(minutes=15)


def test_its_header_names_type_and_key() -> None:
    token, _ = issue_access(KEY, SESSION)

    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "at+jwt", "kid": KEY.kid}


def test_it_works_to_the_last_second_and_no_longer() -> None:
    token, expires_at = issue_access(KEY, SESSION)

    with clock.frozen(expires_at - timedelta(milliseconds=1)):
        read_access(token, KEYS)
    with clock.frozen(expires_at), pytest.raises(BadToken):
        read_access(token, KEYS)


def test_the_shifted_clock_decides_not_that_of_the_machine() -> None:
    with clock.frozen(datetime(2046, 1, 1, tzinfo=UTC)):
        token, expires_at = issue_access(KEY, SESSION)
        assert read_access(token, KEYS).expires_at == expires_at


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("sub", "sid", "iat", "exp", "aud", "iss")),
        *({name: 7} for name in ("sub", "sid", "aud", "iss")),
        *({name: "7"} for name in ("sub", "sid", "iat", "exp", "aud", "iss")),
        *({name: True} for name in ("sub", "sid", "iat", "exp", "aud", "iss")),
        *({name: value} for name in ("iat", "exp") for value in ODD_TIMES),
        {"aud": [audience(), "another"]},
        {"aud": [audience()]},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"iat": int(NOW.timestamp()) + 60},
        {"exp": int(NOW.timestamp())},
        {"sub": str(UserId(UUID(int=9)))},
        {"sub": str(SESSION)},
        {"sid": str(UserId(UUID(int=9)))},
    ],
    ids=str,
)
def test_every_claim_must_be_there_typed_and_ours(changes: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        read_access(_signed_as_is(claims(**changes)), KEYS)


def _signed_as_is(payload: dict[str, Any]) -> str:
    """Signed without the library's own checks of what it signs."""
    header = {"alg": "EdDSA", **HEADER}
    body = assembled(header, payload).rpartition(".")[0]
    signature = urlsafe_b64encode(KEY.private.sign(body.encode())).rstrip(b"=").decode()
    return f"{body}.{signature}"


def test_a_little_difference_of_clocks_is_forgiven() -> None:
    ahead = signed(claims(iat=int(NOW.timestamp()) + 3))

    assert read_access(ahead, KEYS).session == SESSION


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"crit": ["exp"]},
        {"crit": []},
        {"jwk": public_jwk(KEY.kid, KEY.private.public_key())},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/key.pem"},
        {"x5c": ["AAAA"]},
        {"cty": "JWT"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_header_that_asks_for_anything_else_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        read_access(signed(claims(), header), KEYS)


def test_a_key_that_comes_with_the_token_is_not_used() -> None:
    evil = SigningKey.new()
    own_key = {"jwk": public_jwk(KEY.kid, evil.private.public_key())}

    with pytest.raises(BadToken):
        read_access(jwt.encode(claims(), evil.private, "EdDSA", {**HEADER, **own_key}), KEYS)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7])
def test_unsigned_tokens_are_refused(algorithm: Any) -> None:
    token = assembled({"alg": algorithm, **HEADER}, claims())

    with pytest.raises(BadToken):
        read_access(token, KEYS)


@pytest.mark.parametrize("form", ["raw", "pem"])
def test_the_public_key_is_no_shared_secret(form: str) -> None:
    pem = KEY.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = assembled({"alg": "HS256", **HEADER}, claims()).rpartition(".")[0]
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(body.encode(), KEY.public if form == "raw" else pem)

    with pytest.raises(BadToken):
        read_access(f"{body}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}", KEYS)


def test_another_curve_is_refused() -> None:
    with pytest.raises(BadToken):
        read_access(jwt.encode(claims(), Ed448PrivateKey.generate(), "EdDSA", HEADER), KEYS)


def test_another_installation_cannot_sign_for_this_one() -> None:
    with pytest.raises(BadToken):
        read_access(jwt.encode(claims(), SigningKey.new().private, "EdDSA", HEADER), KEYS)


def test_an_unknown_key_is_told_from_a_bad_token() -> None:
    with pytest.raises(UnknownKey):
        read_access(signed(claims(), {"kid": "another"}), KEYS)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_changed_character_breaks_it(place: int) -> None:
    parts = signed(claims()).split(".")
    raw = bytearray(urlsafe_b64decode(parts[place] + "=="))
    raw[len(raw) // 2] ^= 1
    parts[place] = urlsafe_b64encode(raw).rstrip(b"=").decode()

    with pytest.raises(BadToken):
        read_access(".".join(parts), KEYS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "..",
        "a.b.c",
        "ü.ü.ü",
        "\x00",
        "\ud800",
        "x" * 1_000_000,
        ".".join([urlsafe_b64encode(b"[" * 1400).decode()] * 2),
        assembled([], claims()),
        assembled("EdDSA", claims()),
        assembled({"alg": "EdDSA", "typ": "at+jwt", "kid": ["x"]}, claims()),
        assembled({"alg": "EdDSA", "typ": "at+jwt", "kid": None}, claims()),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_garbage_is_a_bad_token(text: str) -> None:
    with pytest.raises(BadToken):
        read_access(text, KEYS)


def test_the_published_key_verifies_and_holds_no_private_half() -> None:
    token, _ = issue_access(KEY, SESSION)
    published = public_jwk(KEY.kid, KEY.private.public_key())

    read = jwt.decode(token, jwt.PyJWK(published), ["EdDSA"], audience=audience(), options={"verify_exp": False})

    assert read["sid"] == str(SESSION)
    assert published.keys() == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_refresh_token_finds_its_session_and_fits_the_contract() -> None:
    token = RefreshToken.new(SESSION)

    assert RefreshToken.parse(str(token)) == token
    assert token.session == SESSION
    assert len(token.secret) == 32
    assert len(str(token)) <= 512


def test_what_is_stored_of_it_does_not_give_it_away() -> None:
    token = RefreshToken.new(SESSION)

    assert len(token.digest) == 32
    assert token.secret not in token.digest
    assert token.digest != RefreshToken.new(SESSION).digest


def test_a_refresh_token_cannot_be_made_up_even_with_known_ids() -> None:
    token = str(RefreshToken.new(SESSION))
    raw = bytearray(urlsafe_b64decode(token.removeprefix("rfr_")))
    raw[40] ^= 1

    with pytest.raises(BadToken):
        RefreshToken.parse("rfr_" + urlsafe_b64encode(raw).decode())


@pytest.mark.parametrize("text", ["", "rfr_", "rfr_AAAA", "ü", "\x00", "\ud800", "rfr_" + "A" * 508])
def test_garbage_is_no_refresh_token(text: str) -> None:
    with pytest.raises(BadToken):
        RefreshToken.parse(text)


def test_one_refresh_token_has_one_spelling() -> None:
    token = str(RefreshToken.new(SESSION))

    for spelled in (token + "\n", token + "=", token.removeprefix("rfr_"), token[:10] + "!" + token[10:]):
        with pytest.raises(BadToken):
            RefreshToken.parse(spelled)


def test_a_seal_opens_for_its_purpose_and_place_alone() -> None:
    sealed = seal("letters", b"box 7", b"dear Ana")

    assert unseal("letters", b"box 7", sealed) == b"dear Ana"
    assert b"Ana" not in sealed
    for purpose, place, content in (
        ("bills", b"box 7", sealed),
        ("letters", b"box 8", sealed),
        ("letters", b"box 7", sealed[:-1]),
        ("letters", b"box 7", b""),
    ):
        with pytest.raises(BrokenSeal):
            unseal(purpose, place, content)
