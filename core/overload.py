"""Whether this process has more to do than it can, and what it refuses first."""

import math
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final

from core.errors import ApiError
from core.limits import DEFAULTS


class Rank(IntEnum):
    """What matters more the higher it stands: extras of a screen, reads, writes, and signing in."""

    EXTRA = 1
    READ = 2
    WRITE = 3
    SESSION = 4


SHARES: Final = {Rank.EXTRA: 0.5, Rank.READ: 1.0, Rank.WRITE: 2.0, Rank.SESSION: math.inf}
"""From which delay on something of a rank is refused, as a multiple of the one that reads stand."""


class Overloaded(ApiError):
    """Refused before anything was done, so that what runs can come to its end."""

    def __init__(self) -> None:
        super().__init__("UNAVAILABLE", "The service is busy. Try again in a moment.")


class Overload:
    """How long work waits at present for the scarce parts of this process; each of `delays` tells of one part.

    Delays are seconds, as are the `patience_seconds` that reads stand.
    """

    def __init__(self, *delays: Callable[[], float], patience_seconds: float = DEFAULTS.patience_seconds) -> None:
        self._delays: Sequence[Callable[[], float]] = delays
        self._patience_seconds = patience_seconds

    def require(self, rank: Rank) -> None:
        """Let something of this rank go on; raises `Overloaded` when it has to stand back."""
        limit = self._patience_seconds * SHARES[rank]
        for delay in self._delays:
            if delay() > limit:
                raise Overloaded
