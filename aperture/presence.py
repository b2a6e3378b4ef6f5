"""Who is at the other end of long connections: asked again while they last, and counted by person."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from aperture.callers import Api
from core import clock, telemetry
from core.buckets import network_of
from core.errors import Refusal, Unavailable
from core.pubsub import Wakeups
from core.viewer import Viewer
from services.auth.news import part_of

CHECK_SECONDS = 2.5
_AT_ONCE = 500

log = telemetry.logger(__name__)


class SignedOut(Exception):
    """The token has expired, the session has ended or the account has been suspended."""


class Presence:
    """One person on one connection; `viewer` is who that was at the last look."""

    __slots__ = ("gone", "viewer")

    def __init__(self, viewer: Viewer, gone: Callable[[SignedOut], None]) -> None:
        self.viewer = viewer
        self.gone = gone


class Presences:
    """Everybody signed in on the long connections of one kind; all are looked at together, once in `seconds`.

    Those of whom there is news are looked at at once. While nobody can say who they are, nothing changes. Operations
    run as who opened them.
    """

    def __init__(self, api: Api, seconds: float = CHECK_SECONDS) -> None:
        self._api = api
        self._seconds = seconds
        self._present: dict[Presence, None] = {}
        self._watch: asyncio.Task[None] | None = None
        self._news = Wakeups()
        self._heard: set[int] = set()
        api.news.follow(self._hear)

    def enter(self, viewer: Viewer, gone: Callable[[SignedOut], None]) -> Presence:
        """Look at this person from now on, and call `gone` when it is time to go; never for who did not sign in."""
        presence = Presence(viewer, gone)
        if viewer.is_signed_in:
            self._present[presence] = None
            if self._watch is None:
                self._watch = asyncio.create_task(self._look_around())
        return presence

    def leave(self, presence: Presence) -> None:
        """Look no more."""
        self._present.pop(presence, None)
        if not self._present and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _hear(self, parts: frozenset[int]) -> None:
        self._heard |= parts
        self._news.ring()

    async def _look_around(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at = loop.time() + self._seconds
            while await self._news.wait(at - loop.time()):
                parts, self._heard = self._heard, set()
                await self._look_at([each for each in self._present if part_of(each.viewer.user_id) in parts])
            await self._look_at(list(self._present))

    async def _look_at(self, present: Sequence[Presence]) -> None:
        for some in _pieces(present):
            try:
                seen = await self._api.look([each.viewer for each in some])
            except (Unavailable, Refusal):
                seen = [each.viewer for each in some]
            except Exception as error:
                log.warning("sessions not checked", exc_info=error)
                seen = [each.viewer for each in some]
            for presence, viewer in zip(some, seen, strict=True):
                self._judge(presence, viewer)

    def _judge(self, presence: Presence, viewer: Viewer | None) -> None:
        if presence not in self._present:
            return
        if viewer is None:
            presence.gone(SignedOut("The session has ended."))
        elif viewer.expires_at is not None and viewer.expires_at <= clock.now():
            presence.gone(SignedOut("Token expired"))
        elif viewer.is_restricted and not presence.viewer.is_restricted:
            presence.gone(SignedOut("Account restricted"))
        else:
            presence.viewer = viewer


class Connections:
    """How many long connections each person holds to this process, sockets and streams together.

    Those of people who do not say who they are count for their network.
    """

    def __init__(self, per_user: int, nameless_per_network: int) -> None:
        self._per_user = per_user
        self._nameless = nameless_per_network
        self._held: Counter[UUID | str] = Counter()

    def take(self, viewer: Viewer, address: str) -> bool:
        """Count one more, unless there are as many as are allowed."""
        key = viewer.id or network_of(address)
        if self._held[key] >= (self._per_user if viewer.is_signed_in else self._nameless):
            return False
        self._held[key] += 1
        return True

    def release(self, viewer: Viewer, address: str) -> None:
        """Count one less."""
        key = viewer.id or network_of(address)
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]


def _pieces(present: Sequence[Presence]) -> Iterator[Sequence[Presence]]:
    for start in range(0, len(present), _AT_ONCE):
        yield present[start : start + _AT_ONCE]
