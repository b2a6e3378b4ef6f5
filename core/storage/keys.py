"""Keys: the area says who may fetch an object; the rest is random or its own content, never a name from outside."""

import re
from enum import StrEnum

_KEY = re.compile(r"(incoming|originals|public|private)(/[A-Za-z0-9_-]{1,80}){1,4}(\.[a-z0-9]{1,8})?")
_PREFIX = re.compile(r"(incoming|originals|public|private)(/[A-Za-z0-9_-]{0,80}){0,4}")


class Area(StrEnum):
    """The first part of every key."""

    INCOMING = "incoming"
    """Private; what people send, until it is completed or swept."""
    ORIGINALS = "originals"
    """Private; completed uploads as they came, metadata and all. Never served."""
    PUBLIC = "public"
    """Anybody may fetch these, for ever: renditions of public accounts."""
    PRIVATE = "private"
    """Fetched by signed address only: all other renditions."""


def in_area(key: str, area: Area) -> str:
    """The same key in another area, as when an account turns private."""
    _, _, rest = require_key(key).partition("/")
    return f"{area}/{rest}"


def area_of(key: str) -> Area:
    """Where an object lies."""
    return Area(require_key(key).partition("/")[0])


def require_key(key: str) -> str:
    """The key itself; anything that is not one, such as a path that leads elsewhere, raises `ValueError`."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


def require_prefix(prefix: str) -> str:
    """The beginning of keys of one area; anything else raises `ValueError`."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a prefix: {prefix!r}")
    return prefix
