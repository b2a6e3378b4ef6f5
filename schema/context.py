"""What a field can reach while an operation runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import strawberry

from core import own_writes
from core.backends import Backends
from core.db import Write
from core.ids import GlobalId
from core.viewer import Viewer
from loaders.base import Loaders, Scope
from schema.operations import Operation
from services import idempotency
from services.auth.cookies import Jar
from services.visibility.witness import WatchedViewer, Witness

R = TypeVar("R")


I = TypeVar("I", bound=GlobalId)  # noqa: E741 - an id


@dataclass(slots=True)
class Context:
    """One per operation; a subscription renews its loaders before each event.

    `push` has an event told while the stream sleeps: it says whether that will be tried, and calls back with whether
    the event is told or the stream has to wake up for it.
    """

    backends: Backends
    viewer: Viewer
    request_id: str = ""
    accept: str = ""
    operation: Operation | None = None
    last_event_id: str | None = None
    jar: Jar | None = None
    quotas: dict[str, datetime | None] = field(default_factory=dict)
    """Fields whose next call was counted with the operation, and until when it is refused, if it is."""
    push: Callable[[Any, Callable[[bool], None]], bool] | None = None
    loaders: Loaders = field(init=False)
    batches: dict[Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    @property
    def buckets(self) -> Any:
        """The rate limits of this process."""
        return self.backends.buckets

    def renew(self, *, fresh: bool = False) -> None:
        """Forget everything read so far; `fresh` sends later reads to the primary."""
        self.loaders = Loaders(Scope(self.backends, self.viewer, is_fresh=fresh))
        self.batches = {}

    def watched(self, witness: Witness) -> "Context":
        """A context of its own for a reading that shall be known to go by nothing but what the witness notes."""
        return replace(self, viewer=WatchedViewer(self.viewer, witness))

    async def become(self, viewer: Viewer) -> None:
        """Go on as the person who has just signed in or out."""
        self.viewer = viewer
        await self._note_write()

    async def write(self, verb: Callable[[Write], Awaitable[R]]) -> R:
        """Run one verb in a transaction, retried as a whole; later reads of the viewer see the change."""
        outcome = await self.backends.db.write(verb)
        await self._note_write()
        return outcome

    async def write_once(
        self, verb: Callable[[Write], Awaitable[I]], *, key: str | None, of: object, result: type[I]
    ) -> I:
        """As `write`, but a repeat with the same key and input gets the first result without running the verb.

        The same key with another input is refused as `IdempotencyMismatch`. Refusals roll back and are not stored.
        """
        if not key:
            return await self.write(verb)
        operation = type(of).__name__
        scope = idempotency.scope_of(self.viewer, operation, key)

        async def work(tx: Write) -> I:
            stored = await idempotency.claim(tx, scope, key, operation, of)
            if stored is not None:
                return result.parse(stored["id"])
            outcome = await verb(tx)
            await idempotency.store(tx, scope, key, {"id": str(outcome)})
            return outcome

        return await self.write(work)

    async def _note_write(self) -> None:
        """Let the rest of the operation, and the viewer's next ones in any process, see what was just committed."""
        await own_writes.note(self.backends.db, self.backends.cache, self.viewer.id)
        self.renew(fresh=True)


Info = strawberry.Info[Context, None]
