"""Sessions of browsers in cookies: how they are kept, read and cleared, and why no other site can use them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core import clock
from core.errors import ApiError
from core.ids import SessionId
from core.sealing import is_mac, mac
from core.tokens import BadToken, RefreshToken
from services.auth.sessions import AuthTokens

Headers = list[tuple[bytes, bytes]]

_PURPOSE: Final = "csrf tokens"
_ACCESS, _REFRESH, _CSRF = "aperture-access", "aperture-refresh", "aperture-csrf"
_TOKEN_BYTES: Final = 16


class Jar:
    """The cookies of one request, and those that its answer sets.

    Browsers send cookies by themselves, also when a page of another site makes them ask. So these count for nothing
    without the header `X-CSRF-Token`, and only with the token of their own session: a MAC over its id, which nobody
    else can make. Another site cannot read it, and cannot send the header either, since the browser asks for leave
    first. The token is in the payload of the log-in and in a cookie that scripts of our own pages can read; the two
    cookies with tokens are HttpOnly. All are SameSite=Strict, and behind HTTPS `__Host-` cookies: no neighbour under
    the same domain can put a session of its own in their place. That prefix wants the path `/`, which costs nothing,
    since there is one address for all operations and a path keeps no script out.
    """

    def __init__(self, cookies: str = "", csrf_token: str = "", *, is_secure: bool) -> None:
        self._prefix = _prefix(is_secure=is_secure)
        self._rules = "; Path=/; SameSite=Strict" + ("; Secure" if is_secure else "")
        self._sent = _sent(cookies) if csrf_token else {}
        self._csrf_token = csrf_token
        self.headers: Headers = []

    @property
    def access_token(self) -> str | None:
        """The access token that came, for `require` to judge once its session is known."""
        return self._sent.get(self._prefix + _ACCESS)

    @property
    def refresh_token(self) -> str | None:
        """The refresh token that came; `ApiError` if the header is that of another session."""
        text = self._sent.get(self._prefix + _REFRESH)
        if text is not None:
            try:
                self.require(RefreshToken.parse(text).session)
            except BadToken:
                return None
        return text

    def require(self, session: SessionId) -> None:
        """Raise `ApiError` FORBIDDEN unless the header is that of this session."""
        if not is_csrf_token(session, self._csrf_token):
            raise ApiError("FORBIDDEN", "X-CSRF-Token is not that of this session.")

    def keep(self, tokens: AuthTokens) -> str:
        """Have the answer set the tokens; returns what later requests send in the header."""
        csrf_token = csrf_token_of(tokens.session)
        self.headers = []
        self._set(_ACCESS, tokens.access_token, _left(tokens.access_token_expires_at))
        self._set(_REFRESH, tokens.refresh_token, _left(tokens.refresh_token_expires_at))
        self._set(_CSRF, csrf_token, _left(tokens.refresh_token_expires_at), is_hidden=False)
        return csrf_token

    def drop(self) -> None:
        """Have the answer take back an access token that is no good, so that the next request can refresh it."""
        self._set(_ACCESS, "", 0)

    def clear(self) -> None:
        """Have the answer take back everything."""
        self.headers = []
        self._set(_ACCESS, "", 0)
        self._set(_REFRESH, "", 0)
        self._set(_CSRF, "", 0, is_hidden=False)

    def _set(self, name: str, value: str, seconds: int, *, is_hidden: bool = True) -> None:
        hidden = "; HttpOnly" if is_hidden else ""
        cookie = f"{self._prefix}{name}={value}; Max-Age={seconds}{self._rules}{hidden}"
        self.headers.append((b"set-cookie", cookie.encode("ascii")))


def access_token_in(cookies: str, *, is_secure: bool) -> str | None:
    """The access token that a socket's handshake brings; whoever asks has judged where it comes from."""
    return _sent(cookies).get(_prefix(is_secure=is_secure) + _ACCESS)


def csrf_token_of(session: SessionId) -> str:
    """What requests with the cookies of this session send in a header; it stays the same while the session lives."""
    return mac(_PURPOSE, str(session).encode())[:_TOKEN_BYTES].hex()


def is_csrf_token(session: SessionId, text: str) -> bool:
    """Whether a text is the token of this session."""
    try:
        tag = bytes.fromhex(text)
    except ValueError:
        return False
    return is_mac(_PURPOSE, str(session).encode(), tag)


def _prefix(*, is_secure: bool) -> str:
    return "__Host-" if is_secure else ""


def _sent(cookies: str) -> Mapping[str, str]:
    """The cookies of a request; of several with one name none, since any but one was put there by somebody else."""
    pairs = [(name.strip(), value.strip()) for name, _, value in (each.partition("=") for each in cookies.split(";"))]
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if value and names.count(name) == 1}


def _left(until: datetime) -> int:
    return max(0, int((until - clock.now()).total_seconds()))
