"""Whether this process lives and may be sent requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import telemetry
from core.metrics import PART_WELL

CHECK_SECONDS: Final = 2.0
REMEMBERED_SECONDS: Final = 1.0

log = telemetry.logger(__name__)

Check = Callable[[], Awaitable[object]]
"""Returns when the part is well and raises when it is not."""


class Health:
    """`/health/live` says the loop runs; `/health/ready` says whether requests are welcome.

    However often it is asked, the parts are looked at once a second at most. Only who may see them is told which part
    is not well: anybody else could watch an attack succeed.
    """

    def __init__(
        self, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *, shows_parts: bool = False
    ) -> None:
        self._required = required
        self._optional = optional or {}
        self._shows_parts = shows_parts
        self._look: asyncio.Task[dict[str, str]] | None = None
        self._until = 0.0
        self.is_ending = False

    def routes(self) -> list[Route]:
        """The two pages."""
        return [
            Route("/health/live", self._live, methods=["GET"]),
            Route("/health/ready", self._ready, methods=["GET"]),
        ]

    async def settled(self) -> None:
        """Wait for a look that still goes on."""
        if self._look is not None:
            await asyncio.wait([self._look])

    async def _live(self, _request: Request) -> JSONResponse:
        return _page("ok", 200)

    async def _ready(self, _request: Request) -> JSONResponse:
        """Not ready when a required part is down or the process ends; optional parts are only listed."""
        if self.is_ending:
            return _page("ending", 503)
        states = await self._states()
        is_ready = all(states[name] == "ok" for name in self._required)
        shown = states if self._shows_parts else None
        return _page("ok" if is_ready else "unavailable", 200 if is_ready else 503, shown)

    async def _states(self) -> dict[str, str]:
        """How the parts were at the last look; all who ask meanwhile wait for the same one, which none of them ends."""
        if self._look is None or (self._look.done() and time.monotonic() >= self._until):
            self._look = asyncio.create_task(self._look_at_all())
        return await asyncio.shield(self._look)

    async def _look_at_all(self) -> dict[str, str]:
        parts = {**self._required, **self._optional}
        well = await asyncio.gather(*(_is_well(name, check) for name, check in parts.items()))
        self._until = time.monotonic() + REMEMBERED_SECONDS
        return {name: "ok" if is_well else "degraded" for name, is_well in zip(parts, well, strict=True)}


async def _is_well(name: str, check: Check) -> bool:
    is_well = False
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
        is_well = True
    except Exception as error:
        log.warning("not well", part=name, exc_info=error)
    PART_WELL.labels(name).set(is_well)
    return is_well


def _page(status: str, code: int, parts: Mapping[str, str] | None = None) -> JSONResponse:
    content = {"status": status} if parts is None else {"status": status, "parts": dict(parts)}
    return JSONResponse(content, status_code=code, headers={"cache-control": "no-store"})
