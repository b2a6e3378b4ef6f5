"""OpenID Connect as a relying party: discovery, the way to the provider and back, and what it says of a person."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from core.id_tokens import BadIdToken, Expected, UnknownIdKey, moment, read
from core.memory import Memory
from core.outbound import Outbound, Reply, Unreachable
from core.providers import Provider

METADATA_SECONDS: Final = 3600
KEYS_SECONDS: Final = 3600
KEYS_AGAIN_SECONDS: Final = 60
SECONDS: Final = 4.0
"""For all calls of one log-in together, within the five seconds of an operation."""

MAX_KEYS: Final = 100

_OK: Final = 200
_PROVIDERS: Final = 100
_TRUE: Final = (True, "true")


class BadCode(Exception):
    """The provider does not know the authorization code, or gave it for another attempt."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is asked."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What an attempt takes to the provider; `redirect_uri` is where it comes back to."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Return:
    """What an attempt comes back with, and what it went out with."""

    code: str
    redirect_uri: str
    nonce: str
    verifier: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as a provider knows them; `email` is there only if the provider has confirmed it.

    `authenticated_at` is when the person gave a password or the like over there, if the provider tells.
    """

    issuer: str
    subject: str
    email: str | None
    username: str | None
    name: str | None
    authenticated_at: datetime | None


class OpenId:
    """The providers as one process knows them: their endpoints for an hour, their keys until a new one is met."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._endpoints: Memory[str, Endpoints] = Memory(_PROVIDERS, METADATA_SECONDS)
        self._keys: Memory[str, Sequence[Mapping[str, Any]]] = Memory(_PROVIDERS, KEYS_SECONDS)
        self._asked_lately: Memory[str, bool] = Memory(_PROVIDERS, KEYS_AGAIN_SECONDS)

    async def authorization_url(self, provider: Provider, request: Request) -> str:
        """Where the person's browser goes; raises `Unreachable`."""
        address = (await self._endpoints_of(provider)).authorization
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": _challenge(request.verifier),
            "code_challenge_method": "S256",
        }
        if request.is_fresh:
            asked["max_age"] = "0"
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    async def identity(self, provider: Provider, back: Return) -> Identity:
        """Who has logged in; raises `BadCode`, `BadIdToken` or `Unreachable`."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._identity(provider, back)
        except TimeoutError:
            raise Unreachable("the provider is too slow") from None

    async def _identity(self, provider: Provider, back: Return) -> Identity:
        endpoints = await self._endpoints_of(provider)
        id_token, access_token = await self._tokens(provider, endpoints, back)
        expected = Expected(provider.issuer, provider.client_id, back.nonce, access_token, back.begun_at)
        claims = await self._claims(provider, endpoints, id_token, expected)
        if "email" not in claims and endpoints.userinfo:
            told = await self._userinfo(endpoints.userinfo, access_token, claims["sub"])
            # An address and the word that it is confirmed come from one place.
            claims = {**told, **claims, "email_verified": told.get("email_verified")}
        return Identity(
            issuer=provider.issuer,
            subject=claims["sub"],
            email=_text(claims, "email") if claims.get("email_verified") in _TRUE else None,
            username=_text(claims, "preferred_username"),
            name=_text(claims, "name"),
            authenticated_at=moment(claims.get("auth_time")),
        )

    async def _endpoints_of(self, provider: Provider) -> Endpoints:
        known = self._endpoints.get(provider.issuer)
        if known is None:
            known = self._endpoints[provider.issuer] = await self._discover(provider)
        return known

    async def _discover(self, provider: Provider) -> Endpoints:
        own = (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri)
        told: Mapping[str, Any] = {}
        if not all(own):
            told = _good(await self._outbound.get(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"))
            if told.get("issuer") != provider.issuer:
                raise Unreachable("the discovery document is of another issuer")
        authorization, token, keys = (
            given or _address(provider, told, name)
            for given, name in zip(own, ("authorization_endpoint", "token_endpoint", "jwks_uri"), strict=True)
        )
        userinfo = provider.userinfo_endpoint
        if userinfo is None and "userinfo_endpoint" in told:
            userinfo = _address(provider, told, "userinfo_endpoint")
        return Endpoints(authorization, token, keys, userinfo)

    async def _tokens(self, provider: Provider, endpoints: Endpoints, back: Return) -> tuple[str, str]:
        form = {
            "grant_type": "authorization_code",
            "code": back.code,
            "redirect_uri": back.redirect_uri,
            "code_verifier": back.verifier,
        }
        headers = dict[str, str]()
        secret = provider.client_secret.get_secret_value() if provider.client_secret else ""
        if secret and provider.client_authentication == "basic":
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = provider.client_id
            form |= {"client_secret": secret} if secret else {}
        reply = await self._outbound.post(endpoints.token, form, headers=headers)
        if reply.status != _OK and reply.body.get("error") == "invalid_grant":
            raise BadCode
        tokens = _good(reply)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise BadIdToken("missing")
        return id_token, access_token

    async def _claims(
        self, provider: Provider, endpoints: Endpoints, token: str, expected: Expected
    ) -> Mapping[str, Any]:
        known = self._keys.get(provider.issuer)
        keys = await self._read_keys(provider, endpoints) if known is None else known
        try:
            return read(token, keys, expected)
        except UnknownIdKey:
            # The provider may have a key since; a token that names none of its keys makes us ask once a minute.
            if known is None or self._asked_lately.get(provider.issuer):
                raise
            return read(token, await self._read_keys(provider, endpoints), expected)

    async def _read_keys(self, provider: Provider, endpoints: Endpoints) -> Sequence[Mapping[str, Any]]:
        self._asked_lately[provider.issuer] = True
        told = _good(await self._outbound.get(endpoints.keys)).get("keys")
        keys = [key for key in told if isinstance(key, dict)][:MAX_KEYS] if isinstance(told, list) else []
        self._keys[provider.issuer] = keys
        return keys

    async def _userinfo(self, address: str, access_token: str, subject: str) -> Mapping[str, Any]:
        told = _good(await self._outbound.get(address, headers={"authorization": f"Bearer {access_token}"}))
        if told.get("sub") != subject:
            raise BadIdToken("userinfo")
        return told


def _good(reply: Reply) -> Mapping[str, Any]:
    if reply.status != _OK:
        raise Unreachable(f"status {reply.status}, error {str(reply.body.get('error'))[:60]!r}")
    return reply.body


def _address(provider: Provider, told: Mapping[str, Any], name: str) -> str:
    """An endpoint of the discovery document, which is as safe as the issuer it came from."""
    address, scheme = told.get(name), urlsplit(provider.issuer).scheme
    if not isinstance(address, str) or not address.startswith(f"{scheme}://"):
        raise Unreachable(f"the discovery document has no {name}")
    return address


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that is a text people can read: one line, without the ends of white space."""
    value = claims.get(name)
    if not isinstance(value, str):
        return None
    return " ".join("".join(each for each in value if each.isprintable()).split())[:254] or None
