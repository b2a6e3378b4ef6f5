"""Operations as they are counted for Prometheus, and the address of their own at which it reads them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from types import TracebackType
from typing import Final, NamedTuple, Self

from prometheus_client import start_http_server

from aperture.documents import Operation
from aperture.errors import Answer
from core import metrics, telemetry, tracing
from core.metrics import Names
from core.settings import Settings
from core.statements import counted
from core.tallies import Count, Tally

NAME_CHARACTERS: Final = 60


class Course:
    """What becomes known of one operation, or of the opening of a subscription, while the block runs; counted after it.

    Without an answer it was cancelled.
    """

    __slots__ = ("_began", "_names", "_opened", "_span", "_statements", "answer", "operation", "points")

    def __init__(self, names: Names) -> None:
        self.operation: Operation | None = None
        self.points: int | None = None
        self.answer: Answer | None = None
        self._names = names
        self._statements = counted()
        self._opened = tracing.span("operation", "server")

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._statements.__enter__()
        self._span = self._opened.__enter__()
        return self

    def __exit__(
        self, kind_of_error: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        name, kind = self.name, self.kind
        if tracing.is_on():
            self._tell()
        self._opened.__exit__(kind_of_error, error, place)
        self._statements.__exit__()
        ended = _ended(name, kind, self.outcome)
        ended.operations.inc()
        ended.seconds.observe(time.perf_counter() - self._began)
        ended.statements.observe(len(self._statements))
        if self.points is not None:
            ended.points.observe(self.points)

    def _tell(self) -> None:
        """Say in the span what it was; a name may be as long as a document."""
        given = self.operation.name[:NAME_CHARACTERS] if self.operation and self.operation.name else "unnamed"
        about = {
            "graphql.operation.name": given,
            "graphql.operation.type": self.kind,
            "aperture.outcome": self.outcome,
            "aperture.request_id": telemetry.request_id(),
        }
        self._span.tell(about, f"{self.kind} {given}")

    @property
    def kind(self) -> str:
        """Query, mutation or subscription; a document that cannot be read is of no kind."""
        return self.operation.kind if self.operation else "none"

    @property
    def name(self) -> str:
        """The client's name for it, as metrics tell it."""
        return self._names[self.operation.name if self.operation else None]

    @property
    def outcome(self) -> str:
        """`OK`, or the code of the first error."""
        if self.answer is None:
            return "CANCELLED"
        code: str = self.answer["errors"][0]["extensions"]["code"] if self.answer.get("errors") else "OK"
        return code


class OperationMetrics:
    """Counts operations by name; names of trusted documents are always told, of others those that come often."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._names = Names(trusted)

    def measured(self) -> Course:
        """The course of the operation that the block answers."""
        return Course(self._names)


@asynccontextmanager
async def shown(settings: Settings) -> AsyncIterator[None]:
    """Let Prometheus read the metrics of this process while the block runs, if it has an address for that.

    A thread of its own answers, so that it does so also while the event loop is busy.
    """
    if settings.metrics_port is None:
        yield
        return
    server, thread = start_http_server(settings.metrics_port, settings.metrics_host, metrics.REGISTRY)
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


class _Ended(NamedTuple):
    """Where operations of one name and kind are counted that came to one end."""

    operations: Count
    seconds: Tally
    statements: Tally
    points: Tally


@cache
def _ended(name: str, kind: str, outcome: str) -> _Ended:
    return _Ended(
        metrics.OPERATIONS.labels(name, kind, outcome),
        metrics.OPERATION_SECONDS.labels(name, kind),
        metrics.OPERATION_STATEMENTS.labels(kind),
        metrics.OPERATION_POINTS.labels(kind),
    )
