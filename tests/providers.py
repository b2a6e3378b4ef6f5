"""Providers of the tests: a real one in a process of its own, and one that lies as it is told."""

import json
import secrets
import socket
import subprocess
import sys
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from core import clock
from core.settings import Settings, settings
from tests.client import Client
from tests.waiting import eventually

HOME = "https://app.example.org/welcome"
CLIENT, SECRET = "aperture", "a secret of two"

BEGIN = """mutation ($provider: String = "house", $redirectUri: URL = "https://app.example.org/welcome") {
    it: beginProviderLogIn(input: {provider: $provider, redirectUri: $redirectUri}) {
        authorizationUrl state expiresAt errors { __typename code path }
    }
}"""
COMPLETE = """mutation ($state: String!, $code: String!, $handle: String, $born: Date, $terms: String) {
    it: completeProviderLogIn(input: {
        state: $state, authorizationCode: $code, handle: $handle, birthDate: $born, acceptedTerms: $terms
    }) {
        isNewAccount
        challenge { token methods }
        tokens { accessToken }
        session { id logInMethod }
        viewer { id user { handle displayName } account { id email linkedIdentities { id } } }
        errors { __typename code path message ... on ConflictError { suggestions } }
    }
}"""


def description(issuer: str, **more: Any) -> dict[str, Any]:
    """A provider as an operator describes it."""
    return {
        "key": "house",
        "name": "House of Keys",
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [HOME, "org.example.app://welcome"],
        **more,
    }


def with_providers(monkeypatch: pytest.MonkeyPatch, *providers: dict[str, Any]) -> Settings:
    """The settings of a process that knows these providers."""
    monkeypatch.setenv("APERTURE_IDENTITY_PROVIDERS", json.dumps(providers))
    settings.cache_clear()
    return settings()


async def begin(client: Client, **variables: Any) -> Any:
    """An attempt that was begun."""
    begun = (await client.ask(BEGIN, **variables))["it"]
    assert begun["errors"] == []
    return begun


async def complete(client: Client, state: str, code: str, **variables: Any) -> Any:
    """What came of an attempt."""
    return (await client.ask(COMPLETE, state=state, code=code, **variables))["it"]


@pytest.fixture(scope="session")
def real_provider() -> Iterator[str]:
    """The issuer of a provider that somebody else has written; it asks for nobody's password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    program = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            eventually(lambda: _answers(f"{issuer}/.well-known/openid-configuration"))
            yield issuer
        finally:
            child.kill()


def _answers(url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(url, trust_env=False).status_code == 200
    return False


def know(issuer: str, subject: str, **claims: Any) -> None:
    """Let the real provider know a person."""
    answer = httpx2.put(f"{issuer}/users/{quote(subject)}", json=claims, trust_env=False)
    assert answer.status_code == 204


def log_in_there(authorization_url: str, subject: str) -> tuple[str, str]:
    """What a browser does at the real provider: log in, and come back with a state and a code."""
    answer = httpx2.post(authorization_url, data={"sub": subject}, trust_env=False)
    place, _, query = answer.headers["location"].partition("?")
    assert place == HOME
    told = dict(parse_qsl(query))
    return told["state"], told["code"]


@dataclass(slots=True)
class Liar:
    """A provider that checks what it is given, and lies where a test says so."""

    issuer: str = ""
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    kid: str = "one"
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answer: tuple[int, Any] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    @property
    def public(self) -> Any:
        """The public key as a JWK, less its name."""
        return RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)

    def code(self, authorization_url: str, subject: str = "ana-there") -> str:
        """A log-in of this person, without asking anybody."""
        code = secrets.token_urlsafe()
        self._codes[code] = dict(parse_qsl(urlsplit(authorization_url).query)), subject
        return code

    def signed(self, claims: dict[str, Any]) -> str:
        """What an honest provider answers."""
        return jwt.encode(claims, self.key, "RS256", {"kid": self.kid})

    def reply(self, path: str, headers: Any, form: dict[str, str]) -> tuple[int, Any]:
        """Status and body of an answer."""
        self.asked.append(path)
        match path:
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                places = {name: f"{self.issuer}/{place}" for name, place in names.items()}
                return 200, {"issuer": self.issuer, **places, **self.discovery}
            case "/keys":
                keys = [{**self.public, "kid": self.kid, "use": "sig"}, {**self.public, "kid": "locks", "use": "enc"}]
                return 200, {"keys": [*keys, {"kty": "oct", "kid": self.kid, "k": "c2VjcmV0"}]}
            case "/userinfo":
                return 200, self.userinfo
            case "/token":
                return self.answer or self._tokens(headers, form)
        return 404, {}

    def _tokens(self, headers: Any, form: dict[str, str]) -> tuple[int, Any]:
        asked, subject = self._codes.pop(form["code"], ({}, ""))
        proof = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        is_client = b64decode(headers["authorization"].removeprefix("Basic ")) == b"aperture:a+secret+of+two"
        fits = asked.get("code_challenge") == proof and asked.get("redirect_uri") == form["redirect_uri"]
        if not (is_client and fits and asked["code_challenge_method"] == "S256"):
            return 400, {"error": "invalid_grant"}
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            "email": f"{subject}@example.com",
            "email_verified": True,
            **self.claims,
        }
        honest = {name: value for name, value in claims.items() if value is not None}
        return 200, {"id_token": (self.sign or self.signed)(honest), "access_token": "at", "token_type": "Bearer"}


@pytest.fixture
def liar() -> Iterator[Liar]:
    """A provider that lies, if told so."""
    provider = Liar()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _answer(self, form: dict[str, str]) -> None:
            status, body = provider.reply(urlsplit(self.path).path, self.headers, form)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", content.decode())
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
