"""Which websites may call from a browser: the allow-list behind CORS and the sockets' origin check."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.settings import Settings

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Origins:
    """Exact origins such as `https://app.example`; in development any port of this machine as well."""

    allowed: frozenset[str] = frozenset()
    allows_local: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Origins":
        """The listed origins and our own address."""
        own = urlsplit(settings.public_url)
        return cls(frozenset({f"{own.scheme}://{own.netloc}", *settings.allowed_origins}), settings.is_development)

    def allow(self, origin: str) -> bool:
        """Whether a page of this origin may call; `null` and garbage never may."""
        if origin in self.allowed:
            return True
        return self.allows_local and _is_local(origin)


def _is_local(origin: str) -> bool:
    try:
        url = urlsplit(origin)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and url.hostname in _LOCAL_HOSTS
