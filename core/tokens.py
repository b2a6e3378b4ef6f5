"""Access tokens (JWT signed with Ed25519) and refresh tokens; what a process remembers of those it has seen."""

import asyncio
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Self
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from core import clock
from core.errors import NotFound
from core.ids import SessionId, UserId
from core.memory import Memory
from core.sealing import is_mac, mac
from core.settings import settings

ACCESS_TYPE: Final = "at+jwt"
MAX_LENGTH: Final = 2048
CLOCK_TOLERANCE: Final = timedelta(seconds=5)
CLAIMS_MEMORY_SECONDS: Final = 900
SESSION_MEMORY_SECONDS: Final = 2

_HEADER: Final = {"alg", "typ", "kid"}
_CLAIMS: Final = ["sub", "sid", "iat", "exp", "aud", "iss"]
_REFRESH_PREFIX: Final = "rfr_"
_PURPOSE: Final = "refresh tokens"
_MAC_BYTES: Final = 16


class BadToken(Exception):
    """The token was not made here, was changed, or is out of its time."""


class UnknownKey(BadToken):
    """The token names a signing key that this process has not read yet, or that does not exist."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The Ed25519 key that signs; its id is the digest of its public half."""

    private: Ed25519PrivateKey

    @classmethod
    def new(cls) -> Self:
        """A fresh random key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        return urlsafe_b64encode(sha256(self.public).digest()[:12]).decode()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    session: SessionId
    expires_at: datetime


def audience() -> str:
    """Whom access tokens are meant for: this installation's API."""
    return f"{settings().public_url}/graphql"


def issue_access(key: SigningKey, session: SessionId) -> tuple[str, datetime]:
    """An access token of the session, and when it stops working."""
    issued = clock.now().replace(microsecond=0)
    expires = issued + timedelta(seconds=settings().access_token_seconds)
    claims = {
        "sub": str(UserId(session.user_id)),
        "sid": str(session),
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "aud": audience(),
        "iss": settings().public_url,
    }
    return jwt.encode(claims, key.private, "EdDSA", {"typ": ACCESS_TYPE, "kid": key.kid}), expires


def read_access(token: str, keys: Mapping[str, Ed25519PublicKey]) -> Claims:
    """Check signature, header, claims and time; raises `UnknownKey` or `BadToken`.

    The key comes from `keys` alone: a header that brings or names another one, or asks for anything else, is refused.
    """
    if len(token) > MAX_LENGTH or not token.isascii():
        raise BadToken
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError):
        raise BadToken from None
    if header.keys() != _HEADER or header["alg"] != "EdDSA" or header["typ"] != ACCESS_TYPE:
        raise BadToken
    key = keys.get(header["kid"])
    if key is None:
        raise UnknownKey
    return _claims(_verified(token, key))


def _verified(token: str, key: Ed25519PublicKey) -> Mapping[str, Any]:
    # Times are judged by the house's clock, which the library does not know.
    options: Any = {"require": _CLAIMS, "strict_aud": True, "verify_exp": False, "verify_iat": False}
    try:
        return jwt.decode(token, key, ["EdDSA"], options, audience=audience(), issuer=settings().public_url)
    except jwt.InvalidTokenError:
        raise BadToken from None


def _claims(claims: Mapping[str, Any]) -> Claims:
    subject, session, issued, expires = (claims[name] for name in ("sub", "sid", "iat", "exp"))
    # A bool is an int in Python, so the types are compared exactly.
    if [type(claim) for claim in (subject, session, issued, expires)] != [str, str, int, int]:
        raise BadToken
    try:
        user_id, session_id = UserId.parse(subject).id, SessionId.parse(session)
        times = datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC)
    except (NotFound, ValueError, OverflowError, OSError):
        raise BadToken from None
    now = clock.now()
    if session_id.user_id != user_id or times[0] > now + CLOCK_TOLERANCE or times[1] <= now:
        raise BadToken
    return Claims(session_id, times[1])


def public_jwk(kid: str, key: Ed25519PublicKey) -> dict[str, str]:
    """The public half as other programs read it (RFC 8037)."""
    return {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "EdDSA"}


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """256 random bits, behind the ids that lead to the session's row; stored as a digest only.

    The text ends in a mac, so that a text made up by someone else is told from a token that was used before.
    """

    session: SessionId
    secret: bytes

    @classmethod
    def new(cls, session: SessionId) -> Self:
        """A token nobody has seen yet."""
        return cls(session, os.urandom(32))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token that was made here; anything else raises `BadToken`."""
        try:
            raw = urlsafe_b64decode(text.removeprefix(_REFRESH_PREFIX).encode("ascii"))
        except ValueError:
            raise BadToken from None
        ids, secret = raw[:32], raw[32:64]
        if len(ids + secret) < 64:  # noqa: PLR2004 - two ids and the secret
            raise BadToken
        tag = raw[64:]
        if len(tag) != _MAC_BYTES or not is_mac(_PURPOSE, raw[:64], tag) or _spelled(raw) != text:
            raise BadToken
        return cls(SessionId(UUID(bytes=ids[:16]), UUID(bytes=ids[16:])), secret)

    @property
    def digest(self) -> bytes:
        """What is stored: it finds the token and does not give it away."""
        return sha256(self.secret).digest()

    def __str__(self) -> str:
        body = self.session.user_id.bytes + self.session.id.bytes + self.secret
        return _spelled(body + mac(_PURPOSE, body)[:_MAC_BYTES])


def _spelled(raw: bytes) -> str:
    """The one way a refresh token is written."""
    return _REFRESH_PREFIX + urlsafe_b64encode(raw).decode()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that signs, if there is one, and all that a token may be signed with; `read_at` is monotonic seconds."""

    signing: SigningKey | None
    public: Mapping[str, Ed25519PublicKey]
    read_at: float


@dataclass(slots=True)
class TokenMemory:
    """What one process remembers, so that a request costs neither a signature check nor a statement.

    Claims depend on the token alone. Sessions are believed for two seconds; those that end are forgotten as soon as
    the process hears of it. `news` counts how often that was: what was read before the latest is not remembered.
    """

    keys: KeyRing | None = None
    claims: Memory[bytes, Claims] = field(default_factory=lambda: Memory(10_000, CLAIMS_MEMORY_SECONDS))
    sessions: Memory[UUID, Any] = field(default_factory=lambda: Memory(10_000, SESSION_MEMORY_SECONDS))
    running: set[asyncio.Task[None]] = field(default_factory=set)
    news: int = 0

    def forget(self, session: SessionId) -> None:
        """Ask the database about this session at its next request."""
        self.news += 1
        self.sessions.forget(session.id)

    def forget_people(self, is_meant: Callable[[UUID], bool]) -> None:
        """As `forget`, for all sessions of the people that are meant."""
        self.news += 1
        self.sessions.forget_those(lambda session: is_meant(session.user_id))

    async def settled(self) -> None:
        """Wait for what was started behind the requests."""
        await asyncio.gather(*self.running)
