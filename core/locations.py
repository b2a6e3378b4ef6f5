"""Where a network address is, roughly: by a database file that the operator brings, nowhere without one."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

import maxminddb

from core.settings import settings

_LANGUAGE: Final = "en"


def location_of(address: str) -> str | None:
    """City and country of an address, such as `Lisbon, Portugal`, as far as the database knows; it takes no network."""
    path = settings().location_database
    if path is None:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    found = reader(path).get(parsed)
    return _named(found) if isinstance(found, dict) else None


@lru_cache
def reader(path: Path) -> maxminddb.Reader:
    """The database at this path, in the format of MaxMind's City files; one that cannot be read raises."""
    return maxminddb.open_database(path)


def _named(found: Mapping[str, Any]) -> str | None:
    names = (found.get(part, {}).get("names", {}).get(_LANGUAGE) for part in ("city", "country"))
    return ", ".join(name for name in names if name) or None
