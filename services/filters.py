"""Words that people do not want under their posts, found in what others write whatever its case and accents."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from core.errors import Invalid

MOST_CHARACTERS: Final = 50
_FIELD: Final = ("input", "filteredWords")


def checked(words: Sequence[str]) -> list[str]:
    """A list of words and phrases, trimmed, each once; raises `Invalid` for one that is blank or too long."""
    found = dict[str, str]()
    for place, word in enumerate(words):
        path, trimmed = (*_FIELD, str(place)), " ".join(word.split())
        folded = _folded(trimmed)
        if not folded:
            raise Invalid("REQUIRED", "Write a word or a phrase.", path)
        if len(trimmed) > MOST_CHARACTERS:
            message = f"Use at most {MOST_CHARACTERS} characters."
            raise Invalid("TOO_LONG", message, path, constraint="maxLength", limit=MOST_CHARACTERS)
        found.setdefault(folded, trimmed)
    return list(found.values())


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words or phrases stands in a text: whole, between other characters than letters and digits."""
    folded = [_folded(each) for each in words]
    if not folded:
        return False
    return re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, folded))})(?!\w)", _folded(text)) is not None


def _folded(text: str) -> str:
    """A text without what case, accents, width and spacing make of it."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())
