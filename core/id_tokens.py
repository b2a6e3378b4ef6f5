"""ID tokens of OpenID Connect: who logged in at a provider, signed by it for us and for one attempt."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from jwt import PyJWK

from core import clock

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Those with a public key. A provider's client secret signs nothing here."""

MAX_LENGTH: Final = 16_384
MAX_SUBJECT: Final = 255
CLOCK_TOLERANCE: Final = timedelta(seconds=60)

_KEY_TYPES: Final = {"RSA", "EC"}
_REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat", "nonce"]


class BadIdToken(Exception):
    """The token was not made by the provider, for us, for this attempt, or now."""


class UnknownIdKey(BadIdToken):
    """The token names a key that the provider's key set, as read last, does not have."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say to be believed."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    begun_at: datetime


def read(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """The claims of a token that passes every check of OpenID Connect Core 3.1.3.7; raises `BadIdToken`."""
    if len(token) > MAX_LENGTH or not token.isascii():
        raise BadIdToken("form")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError):
        raise BadIdToken("form") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise BadIdToken("alg")
    claims = _verified(token, _key(keys, header.get("kid"), algorithm), algorithm, expected)
    _judge(claims, expected)
    _judge_access_token(claims, algorithm, expected.access_token)
    return claims


def _key(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: str) -> PyJWK:
    """The one key of the provider that fits; the token may leave its name out if there is no other."""
    fitting = list(_fitting(keys, kid, algorithm))
    if len(fitting) != 1:
        raise UnknownIdKey("kid")
    return fitting[0]


def _fitting(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: str) -> Iterator[PyJWK]:
    for key in keys:
        is_meant = kid is None or key.get("kid") == kid
        if not is_meant or key.get("kty") not in _KEY_TYPES or key.get("use", "sig") != "sig":
            continue
        if key.get("alg", algorithm) != algorithm:
            continue
        try:
            yield PyJWK(dict(key), algorithm)
        except jwt.PyJWTError:
            continue


def _verified(token: str, key: PyJWK, algorithm: str, expected: Expected) -> Mapping[str, Any]:
    # Times are judged by the house's clock, which the library does not know.
    options: Any = {
        "require": _REQUIRED,
        "enforce_minimum_key_length": True,
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
    try:
        return jwt.decode(token, key, [algorithm], options, audience=expected.client_id, issuer=expected.issuer)
    except (jwt.PyJWTError, RecursionError):
        raise BadIdToken("signature or claims") from None


def _judge(claims: Mapping[str, Any], expected: Expected) -> None:
    audience = claims["aud"]
    party = claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise BadIdToken("azp")
    if party is not None and party != expected.client_id:
        raise BadIdToken("azp")
    nonce, subject = claims["nonce"], claims["sub"]
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise BadIdToken("nonce")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise BadIdToken("sub")
    now = clock.now()
    expires, issued = moment(claims["exp"]), moment(claims["iat"])
    if expires is None or expires <= now - CLOCK_TOLERANCE:
        raise BadIdToken("exp")
    if issued is None or not expected.begun_at - CLOCK_TOLERANCE <= issued <= now + CLOCK_TOLERANCE:
        raise BadIdToken("iat")
    begins = moment(claims["nbf"]) if "nbf" in claims else issued
    if begins is None or begins > now + CLOCK_TOLERANCE:
        raise BadIdToken("nbf")


def _judge_access_token(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """`at_hash`, where it is given, ties the token to the access token that came with it."""
    told = claims.get("at_hash")
    if told is None:
        return
    digest = jwt.get_algorithm_by_name(algorithm).compute_hash_digest(access_token.encode())
    made = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), made):
        raise BadIdToken("at_hash")


def moment(seconds: object) -> datetime | None:
    """A time as tokens write it; None if it is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
