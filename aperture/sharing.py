"""One execution for many viewers of one event: whoever would be told the same by the door gets the same answer."""

import asyncio
from collections.abc import Hashable, Sequence
from contextvars import Context as ContextVars
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aperture.errors import Answer
from core.db import Database
from core.errors import Unavailable
from core.viewer import Viewer
from services.visibility.alike import alike
from services.visibility.witness import Witness
from subscriptions.base import Occurrence

CLASSES: Final = 8
AT_ONCE: Final = 500


class SharedAnswer(dict[str, Any]):
    """An answer that many clients get; `text` is its JSON once that has been written."""

    text: bytes | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to show of an event, and the answer that shows it; nothing for who may not see it."""

    shown: Any = None
    answer: Answer | None = None


class Teller(Protocol):
    """Who tells one stream its events."""

    @property
    def viewer(self) -> Viewer:
        """Whose stream it is."""

    @property
    def db(self) -> Database:
        """Where the door asks."""

    async def tell(self, event: Occurrence, witness: Witness | None = None) -> Told:
        """Read, present and answer an event; a witness notes all that this goes by."""


class Place:
    """A stream that has come to an event, among others that have."""

    __slots__ = ("event", "teller")

    def __init__(self, teller: Teller, event: Occurrence) -> None:
        self.teller = teller
        self.event = event

    def resolve(self, told: Told | None) -> None:
        """Show this, or nothing made by others; only the first call counts."""
        raise NotImplementedError

    def fail(self, error: Unavailable) -> None:
        """Nobody can be told for now."""
        raise NotImplementedError


class _Awaited(Place):
    """The place of a stream that is awake and waits."""

    __slots__ = ("told",)

    def __init__(self, teller: Teller, event: Occurrence) -> None:
        super().__init__(teller, event)
        self.told: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()

    def resolve(self, told: Told | None) -> None:
        if not self.told.done():
            self.told.set_result(told)

    def fail(self, error: Unavailable) -> None:
        if not self.told.done():
            self.told.set_exception(error)


class Sharing:
    """Gathers the streams that come with the same key at the same moment, and tells them their event by classes."""

    def __init__(self) -> None:
        self._gathering: dict[Hashable, list[Place]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def told(self, key: Hashable, teller: Teller, event: Occurrence) -> Told | None:
        """What the stream is told, as all of its class are; None if it is alone."""
        place = _Awaited(teller, event)
        self.gather(key, place)
        return await place.told

    def gather(self, key: Hashable, place: Place) -> None:
        """Have a stream told with all that come with the same key before the loop's next turn.

        Equal keys promise the same document, variables, event and cursor.
        """
        if key not in self._gathering:
            self._gathering[key] = []
            # All who were woken together have come before this task begins. It serves many, and notes for none.
            serving = asyncio.create_task(self._serve(key), context=ContextVars())
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        self._gathering[key].append(place)

    async def _serve(self, key: Hashable) -> None:
        places = waiting = self._gathering.pop(key)
        try:
            for _ in range(CLASSES):
                if len(waiting) > 1:
                    waiting = await _serve_class(waiting)
        except Unavailable as error:
            for place in places:
                place.fail(error)
        except Exception:  # noqa: BLE001 - each meets it again alone, and tells of it there
            return
        finally:
            for place in places:
                place.resolve(None)


async def _serve_class(waiting: Sequence[Place]) -> list[Place]:
    """Tell the first and all who are like it; returns who is left. Errors and personal answers are nobody else's.

    The others are told some at a time, so that a crowd holds up nothing else for long.
    """
    leader, *others = waiting
    witness = Witness()
    told = await leader.teller.tell(leader.event, witness)
    if told.answer is not None:
        told = Told(told.shown, SharedAnswer(told.answer))
    if witness.is_personal or (told.answer is not None and "errors" in told.answer):
        leader.resolve(told)
        return []
    async with leader.teller.db.reading(fresh=True) as db:
        are_alike = await alike(db, witness, [each.teller.viewer for each in others])
    # The leader goes on with the others: ahead of them it would be alone with every further event.
    class_ = [leader, *(place for place, is_alike in zip(others, are_alike, strict=True) if is_alike)]
    for start in range(0, len(class_), AT_ONCE):
        for place in class_[start : start + AT_ONCE]:
            place.resolve(told)
        await asyncio.sleep(0)
    return [place for place, is_alike in zip(others, are_alike, strict=True) if not is_alike]
