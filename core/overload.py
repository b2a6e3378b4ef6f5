"""Whether this process has more to do than it can, and what it refuses first."""

import math
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final

from core.errors import ApiError


class Rank(IntEnum):
    """What matters more the higher it stands: extras of a screen, reads, writes, and signing in."""

    EXTRA = 1
    READ = 2
    WRITE = 3
    SESSION = 4


# Well below the 2 seconds after which nobody gets a connection any more, and the 5 seconds of an operation.
DELAYS: Final = {Rank.EXTRA: 0.25, Rank.READ: 0.5, Rank.WRITE: 1.0, Rank.SESSION: math.inf}
"""From which delay on, in seconds, something of a rank is refused."""


class Overloaded(ApiError):
    """Refused before anything was done, so that what runs can come to its end."""

    def __init__(self) -> None:
        super().__init__("UNAVAILABLE", "The service is busy. Try again in a moment.")


class Overload:
    """How long work waits at present for the scarce parts of this process; each of `delays` tells of one part."""

    def __init__(self, *delays: Callable[[], float]) -> None:
        self._delays: Sequence[Callable[[], float]] = delays

    def require(self, rank: Rank) -> None:
        """Let something of this rank go on; raises `Overloaded` when it has to stand back."""
        limit = DELAYS[rank]
        for delay in self._delays:
            if delay() > limit:
                raise Overloaded
