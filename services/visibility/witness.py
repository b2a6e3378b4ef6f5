"""What one reading is told of its viewer: whoever would be told the same, may be given what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final
from uuid import UUID

from core.ids import PostId
from core.viewer import Viewer
from services.visibility.rules import Relationship

_STATES: Final = frozenset(["is_signed_in", "is_restricted"])
_IDENTITY: Final = frozenset(each.name for each in fields(Viewer)) - _STATES
_FACTS: Final = frozenset(each.name for each in fields(Relationship))


@dataclass(slots=True)
class Witness:
    """All that a reading was told of its viewer: the viewer's state, and single facts of how he stands to people.

    `counted` is of how many comments each post was told another number than others see, as a `Difference`.
    It goes by nothing else. So with another viewer of whom each of these facts is the same, it would take the same way
    and end the same, whatever else distinguishes the two. A reading that `is_personal` knows who the viewer is.
    """

    is_personal: bool = False
    state: dict[str, bool] = field(default_factory=dict)
    standing: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    counted: dict[PostId, tuple[int, int]] = field(default_factory=dict)

    def watch(self, found: Mapping[UUID, Relationship]) -> dict[UUID, Relationship]:
        """The relationships, which note from now on what is read of them."""
        return {
            person: WatchedRelationship(relationship, self.standing.setdefault(person, {}))
            for person, relationship in found.items()
        }

    def is_state_of(self, viewer: Viewer) -> bool:
        """Whether the viewer's own state is as it was told."""
        return all(getattr(viewer, name) == value for name, value in self.state.items())


class WatchedViewer(Viewer):
    """A viewer that notes what is asked of it; `own` is the viewer itself, for the door alone."""

    __slots__ = ("own", "witness")

    own: Viewer
    witness: Witness

    def __init__(self, own: Viewer, witness: Witness) -> None:
        object.__setattr__(self, "own", own)
        object.__setattr__(self, "witness", witness)

    def __getattribute__(self, name: str) -> Any:
        if name in _IDENTITY:
            self.witness.is_personal = True
            return getattr(self.own, name)
        if name in _STATES:
            self.witness.state[name] = getattr(self.own, name)
            return self.witness.state[name]
        return super().__getattribute__(name)


class WatchedRelationship(Relationship):
    """A relationship that notes which of its facts are read."""

    __slots__ = ("_noted",)

    _noted: dict[str, Any]

    def __init__(self, of: Relationship, noted: dict[str, Any]) -> None:
        object.__setattr__(self, "_noted", noted)
        for name in _FACTS:
            object.__setattr__(self, name, getattr(of, name))

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name in _FACTS:
            self._noted[name] = value
        return value
