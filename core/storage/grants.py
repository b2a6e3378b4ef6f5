"""Tokens of the local store: what their holder may send or fetch, and until when."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from core import clock


class BadToken(Exception):
    """The token is forged, meant for something else, or its time is over."""


@dataclass(frozen=True, slots=True)
class UploadGrant:
    """Exactly these bytes may be stored under this key."""

    key: str
    content_type: str
    byte_size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ReadGrant:
    """This object may be fetched."""

    key: str


class Grants:
    """Signs grants and reads them again; nothing about them is stored."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, grant: UploadGrant | ReadGrant, expires_at: datetime) -> str:
        """A token that says `grant` until then."""
        return self._signer(type(grant)).dumps([asdict(grant), int(expires_at.timestamp())])

    def upload(self, token: str) -> UploadGrant:
        """What the token lets its holder store. Raises `BadToken`."""
        fields, _ = self._read(UploadGrant, token)
        return UploadGrant(**fields)

    def read(self, token: str) -> tuple[ReadGrant, datetime]:
        """What the token lets its holder fetch, and until when. Raises `BadToken`."""
        fields, expires_at = self._read(ReadGrant, token)
        return ReadGrant(**fields), expires_at

    def _signer(self, kind: type) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt=f"storage.{kind.__name__}")

    def _read(self, kind: type, token: str) -> tuple[dict[str, Any], datetime]:
        try:
            fields, seconds = self._signer(kind).loads(token)
        except BadData as error:
            raise BadToken(str(error)) from None
        expires_at = datetime.fromtimestamp(seconds, UTC)
        if expires_at <= clock.now():
            raise BadToken("expired")
        return fields, expires_at


def expiry(expires_in: timedelta) -> datetime:
    """When something signed now runs out: a whole second, as signatures count them."""
    return (clock.now() + expires_in).replace(microsecond=0)
