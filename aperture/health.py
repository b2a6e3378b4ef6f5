"""Whether this process lives and may be sent requests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import telemetry

CHECK_SECONDS: Final = 2.0

log = telemetry.logger(__name__)

Check = Callable[[], Awaitable[object]]
"""Returns when the part is well and raises when it is not."""


class Health:
    """`/health/live` says the loop runs; `/health/ready` says whether requests are welcome, and why not."""

    def __init__(self, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> None:
        self._required = required
        self._optional = optional or {}
        self.is_ending = False

    def routes(self) -> list[Route]:
        """The two pages."""
        return [
            Route("/health/live", self._live, methods=["GET"]),
            Route("/health/ready", self._ready, methods=["GET"]),
        ]

    async def _live(self, _request: Request) -> JSONResponse:
        return _page("ok", 200)

    async def _ready(self, _request: Request) -> JSONResponse:
        """Not ready when a required part is down or the process ends; optional parts are only listed."""
        if self.is_ending:
            return _page("ending", 503)
        parts = {**self._required, **self._optional}
        well = await asyncio.gather(*(_is_well(name, check) for name, check in parts.items()))
        states = {name: "ok" if is_well else "degraded" for name, is_well in zip(parts, well, strict=True)}
        is_ready = all(states[name] == "ok" for name in self._required)
        return _page("ok" if is_ready else "unavailable", 200 if is_ready else 503, states)


async def _is_well(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:
        log.warning("not well", part=name, exc_info=error)
        return False
    return True


def _page(status: str, code: int, parts: Mapping[str, str] | None = None) -> JSONResponse:
    content = {"status": status} if parts is None else {"status": status, "parts": dict(parts)}
    return JSONResponse(content, status_code=code, headers={"cache-control": "no-store"})
