"""Which requests may come with a session in cookies, where the operator allows it."""

from dataclasses import dataclass

from aperture.origins import Origins
from core.settings import Settings
from services.auth.cookies import Jar, access_token_in


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads them for our own pages and those of allowed origins, for nobody else."""

    origins: Origins
    is_secure: bool

    @classmethod
    def of(cls, settings: Settings) -> "Cookies | None":
        """As the operator wants; None if there are no sessions in cookies."""
        if not settings.cookie_sessions:
            return None
        return cls(Origins.of(settings), settings.public_url.startswith("https://"))

    def jar(self, origin: str, cookies: str, csrf_token: str) -> Jar | None:
        """The cookies of a request by these of its headers; None for a page of another site."""
        if origin and not self.origins.allow(origin):
            return None
        return Jar(cookies, csrf_token, is_secure=self.is_secure)

    def access_token(self, origin: str, cookies: str) -> str | None:
        """The access token of a socket's handshake. It has no room for a header of ours: the origin alone decides."""
        if not origin or not self.origins.allow(origin):
            return None
        return access_token_in(cookies, is_secure=self.is_secure)
