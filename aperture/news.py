"""What an API process hears of sessions that ended and accounts that changed, while it knows them."""

import asyncio
from collections.abc import Callable
from typing import Final

from core.backends import Backends
from services.auth.news import TOPICS, part_of, parts_of

QUIET_SECONDS: Final = 0.05
_WAIT_SECONDS: Final = 60.0

Parts = frozenset[int]


class News:
    """Passes on to the long connections of a process which parts of all people to look at again."""

    def __init__(self) -> None:
        self._told: list[Callable[[Parts], None]] = []

    def follow(self, tell: Callable[[Parts], None]) -> None:
        """Tell this one, too, from now on."""
        self._told.append(tell)

    def tell(self, parts: Parts) -> None:
        """Something may have changed for people of these parts."""
        for tell in self._told:
            tell(parts)


async def hear(backends: Backends, news: News) -> None:
    """Forget what changed as soon as it is heard, without end; what comes within 50 ms is taken together.

    Whenever Redis is back, everybody is looked at: what happened meanwhile was not heard.
    """
    async with backends.pubsub.listening(TOPICS) as wakeups:
        while True:
            if await wakeups.wait(_WAIT_SECONDS):
                _pass_on(backends, news, parts_of(wakeups.rung()))
                await asyncio.sleep(QUIET_SECONDS)


def _pass_on(backends: Backends, news: News, parts: Parts) -> None:
    backends.tokens.forget_people(lambda user_id: part_of(user_id) in parts)
    news.tell(parts)
