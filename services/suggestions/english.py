"""The sentences of reasons in English."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.suggestions.leads import Kind

SENTENCES: Final[Mapping[Kind, str]] = {
    "CLOSE_TIE": "You often like and comment on their posts",
    "NEARBY": "They post from near where you do",
    "POPULAR": "Many people have begun to follow them",
}


def followed_by(handles: Sequence[str]) -> str:
    """A sentence that names everybody, such as `Followed by ana, ben and cleo`."""
    *others, last = handles
    return f"Followed by {', '.join(others)} and {last}" if others else f"Followed by {last}"
