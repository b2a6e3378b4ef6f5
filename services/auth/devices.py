"""What a session is called and where it runs, as the client says or as its `User-Agent` suggests."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

Platform = Literal["WEB", "IOS", "ANDROID", "DESKTOP", "OTHER"]

_MAX_NAME: Final = 100
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Device:
    """The device a session runs on; `name` is what its list of sessions shows."""

    name: str
    platform: Platform
    app_version: str | None = None


def fingerprint(user_id: UUID, device: Device) -> bytes:
    """What tells a person's devices apart; the same for every session on one of them, whatever its version.

    It proves nothing: who knows what a device is called can call another one so. Devices of different people never
    share one.
    """
    name = " ".join(device.name.casefold().split())
    return sha256(user_id.bytes + f"{device.platform}:{name}".encode("utf-8", "surrogatepass")).digest()


def guess(user_agent: str) -> Device:
    """A device by its `User-Agent`: a browser by name and system, a program by its first word."""
    system = _first(_SYSTEMS, user_agent)
    browser = _first(_BROWSERS, user_agent)
    if browser:
        return Device(f"{browser} on {system}" if system else browser, "WEB")
    program = re.match(r"[A-Za-z0-9 ._-]+", user_agent)
    return Device(program.group().strip()[:_MAX_NAME] if program else "Unknown device", "OTHER")


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in names if mark in user_agent), None)
