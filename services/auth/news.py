"""The word to every API process that sessions of a person may have ended, or the account changed.

People are divided into parts, each with a topic of its own: a process need not listen to every single person it knows,
and one word makes it look again at a small part of them.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

PARTS: Final = 256
TOPICS: Final = tuple(f"sessions:{part}" for part in range(PARTS))
_PART_OF: Final = {topic: part for part, topic in enumerate(TOPICS)}


def part_of(user_id: UUID) -> int:
    """The part of all people that a person belongs to."""
    return user_id.int % PARTS


def topic_of(user_id: UUID) -> str:
    """The topic of a person's part."""
    return TOPICS[part_of(user_id)]


def parts_of(topics: Iterable[str]) -> frozenset[int]:
    """The parts of these topics."""
    return frozenset(_PART_OF[topic] for topic in topics)
