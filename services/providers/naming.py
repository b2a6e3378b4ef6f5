"""A handle for somebody who comes from a provider and has not chosen one."""

import re
import unicodedata
from collections.abc import Iterator
from secrets import randbelow
from typing import Final

from core.db import Read
from core.openid import Identity
from core.viewer import Viewer
from services import handles

_NOT_IN_HANDLES: Final = re.compile(r"[^a-z0-9]+")
_FALLBACK: Final = "person"
_NUMBERS: Final = 10**12


async def choose(db: Read, viewer: Viewer, identity: Identity) -> str:
    """A free handle, by the name the person has over there, the email address, or none of them."""
    for wish in _wishes(identity):
        found = await handles.availability(db, viewer, wish)
        if found.problem is None:
            return wish
        if found.suggestions:
            return found.suggestions[0]
    return f"{_FALLBACK}.{randbelow(_NUMBERS)}"


def _wishes(identity: Identity) -> Iterator[str]:
    for text in (identity.username, identity.email, identity.name):
        wish = written_as_handle((text or "").partition("@")[0])
        if wish:
            yield wish


def written_as_handle(text: str) -> str:
    """The letters and digits of a text without their accents, and single dots between them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_HANDLES.sub(".", plain).strip(".")[: handles.MAX_LENGTH].rstrip(".")
