"""Keys: the area says who may fetch an object; the rest is random or its own content, never a name from outside."""

import re
import secrets
from enum import StrEnum
from uuid import UUID

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


def fresh_key(area: Area) -> str:
    """A key that nobody can guess and nothing else has."""
    token = secrets.token_hex(16)
    return f"{area}/{token[:2]}/{token}"


def content_key(area: Area, media_id: UUID, sha256: str, extension: str) -> str:
    """The key of bytes made for one medium: the same bytes land on the same key, other bytes never do.

    The medium stands in front, so that its objects are listed and removed together and shared with no other.
    """
    return require_key(f"{area}/{media_id.hex}/{sha256}.{extension}")


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
