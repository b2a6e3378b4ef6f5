"""Who is at the other end of long connections: asked again while they last, and counted by person."""

import asyncio
from collections import Counter
from uuid import UUID

from aperture.callers import Api
from core import clock, telemetry
from core.buckets import network_of
from core.errors import ApiError, Refusal
from core.viewer import Viewer

CHECK_SECONDS = 2.5
CONNECTIONS_PER_USER = 20
NAMELESS_PER_NETWORK = 100

log = telemetry.logger(__name__)


class SignedOut(Exception):
    """The token has expired, the session has ended or the account has been suspended."""


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
        """Ask again who this is; while nobody can say, nothing changes. Operations run as who opened them."""
        was_suspended = self.viewer.is_suspended
        try:
            self.viewer = await self._api.authenticate(self._token, self._address)
        except ApiError as error:
            if error.code != "UNAVAILABLE":
                raise SignedOut(error.message) from None
        except Refusal:
            return
        except Exception as error:
            log.warning("session not checked", exc_info=error)
        if self.viewer.is_suspended and not was_suspended:
            raise SignedOut("Account suspended")


class Connections:
    """How many long connections each person holds to this process, sockets and streams together.

    Those of people who do not say who they are count for their network.
    """

    def __init__(self, per_user: int = CONNECTIONS_PER_USER, nameless_per_network: int = NAMELESS_PER_NETWORK) -> None:
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


def _seconds_left(viewer: Viewer) -> float:
    """Seconds until the token expires; endless without one."""
    if viewer.expires_at is None:
        return float("inf")
    return max(0.0, (viewer.expires_at - clock.now()).total_seconds())
