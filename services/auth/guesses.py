"""Failed log-ins, counted by the name as given: guessing a password is slow, and nobody is locked out by it."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from core.backends import Backends
from core.buckets import Claim, network_of
from services import emails, handles

FAILURES: Final = 10
WITHIN_SECONDS: Final = 15 * 60
HOUR: Final = 3600
DAY: Final = 24 * HOUR
PACES: Final = ((100, 30), (50, 15), (20, 5))
"""From so many failures with one name in an hour on, wherever they come from, one try in so many seconds."""

_NO_LIMIT: Final = 1e9


@dataclass(frozen=True, slots=True)
class Guesses:
    """What was tried with one name, and from one network with this name.

    A shared count of a person's handle and email address would tell which of them belong together. While Redis is away
    each process counts for itself, with the same limits.
    """

    backends: Backends
    name: str
    network: str

    @classmethod
    def of(cls, backends: Backends, identifier: str, address: str) -> "Guesses":
        """Those with a handle or an email address, in any case."""
        key = emails.key_of(identifier) or handles.key_of(identifier.strip())
        return cls(backends, sha256(key.encode("utf-8", "surrogatepass")).hexdigest(), network_of(address))

    async def require_patience(self) -> None:
        """Raise `RateLimited` behind ten failures from this network within 15 minutes."""
        await self.backends.buckets.require(self._from_here(), dry_run=True)

    async def pause(self) -> datetime | None:
        """Until when the next try has to wait, because many have failed: a minute at most. None if it has its turn."""
        standings = await self.backends.buckets.standings(self._from_everywhere())
        used = standings[0].used / self._factor if standings else 0
        seconds = next((seconds for failures, seconds in PACES if used >= failures), None)
        return await self.backends.buckets.take([self._claim(f"tries:{seconds}", 1, seconds)]) if seconds else None

    async def count(self) -> bool:
        """Count a failure; whether it is the one from which on tries have to wait their turns."""
        everywhere = self._from_everywhere()
        await self.backends.buckets.require([*self._from_here(), *everywhere])
        standings = await self.backends.buckets.standings(everywhere)
        first = PACES[-1][0] * self._factor
        return any(first <= each.used < first + 1 for each in standings)

    async def is_news(self) -> bool:
        """Whether the person has not been told within a day; asked once, they count as told."""
        return await self.backends.buckets.take([self._claim("told", 1, DAY)]) is None

    @property
    def _factor(self) -> float:
        return self.backends.settings.rate_limit_factor

    def _from_here(self) -> list[Claim]:
        """What a failure uses up; nothing where the operator has switched rates off."""
        limit = FAILURES * self._factor
        return [self._claim(f"failedLogIn:{self.network}", limit, WITHIN_SECONDS)] if limit else []

    def _from_everywhere(self) -> list[Claim]:
        return [self._claim("failedLogIn", _NO_LIMIT, HOUR)] if self._factor else []

    def _claim(self, what: str, limit: float, window: float) -> Claim:
        return Claim(f"{self.name}/{what}", limit, window)
