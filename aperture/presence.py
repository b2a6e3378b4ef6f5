"""Who is at the other end of long connections: asked again while they last, and counted by person."""

import asyncio
from collections import Counter

from aperture.callers import Api
from core import clock, telemetry
from core.errors import ApiError, Refusal
from core.viewer import Viewer

CHECK_SECONDS = 4.0
CONNECTIONS_PER_USER = 20

log = telemetry.logger(__name__)


class SignedOut(Exception):
    """The token has expired or the session has ended."""


class Presence:
    """One person with one token; `viewer` is who that was at the last look."""

    def __init__(self, api: Api, token: str | None, address: str, viewer: Viewer) -> None:
        self.viewer = viewer
        self._api = api
        self._token = token
        self._address = address

    async def watch(self, check_seconds: float) -> None:
        """Raise `SignedOut` when the time comes; returns at once for who never signed in."""
        while self.viewer.is_signed_in:
            await asyncio.sleep(min(check_seconds, _seconds_left(self.viewer)))
            if not _seconds_left(self.viewer):
                raise SignedOut("Token expired")
            await self._look()

    async def _look(self) -> None:
        """Ask again who this is; while nobody can say, nothing changes."""
        try:
            self.viewer = await self._api.authenticate(self._token, self._address)
        except ApiError as error:
            if error.code != "UNAVAILABLE":
                raise SignedOut(error.message) from None
        except Refusal:
            return
        except Exception as error:
            log.warning("session not checked", exc_info=error)


class Connections:
    """How many long connections each person holds to this process, sockets and streams together."""

    def __init__(self, per_user: int = CONNECTIONS_PER_USER) -> None:
        self._per_user = per_user
        self._held: Counter[object] = Counter()

    def take(self, viewer: Viewer) -> bool:
        """Count one more, unless this person has as many as are allowed; people who are not signed in have no bound."""
        if viewer.id is None:
            return True
        if self._held[viewer.id] >= self._per_user:
            return False
        self._held[viewer.id] += 1
        return True

    def release(self, viewer: Viewer) -> None:
        """Count one less."""
        if viewer.id is None:
            return
        self._held[viewer.id] -= 1
        if not self._held[viewer.id]:
            del self._held[viewer.id]


def _seconds_left(viewer: Viewer) -> float:
    """Seconds until the token expires; endless without one."""
    if viewer.expires_at is None:
        return float("inf")
    return max(0.0, (viewer.expires_at - clock.now()).total_seconds())
