"""Operations as they are counted for Prometheus, and the address of their own at which it reads them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from graphql import OperationDefinitionNode
from prometheus_client import Counter, Histogram, start_http_server

from aperture.errors import Answer
from core import metrics
from core.metrics import Names
from core.settings import Settings
from core.statements import counted

M = TypeVar("M", Counter, Histogram)


@dataclass(slots=True)
class Course:
    """What becomes known of an operation while it is answered; without an answer it was cancelled."""

    operation: OperationDefinitionNode | None = None
    points: int | None = None
    answer: Answer | None = None

    @property
    def kind(self) -> str:
        """Query, mutation or subscription; a document that cannot be read is of no kind."""
        return self.operation.operation.value if self.operation else "none"

    @property
    def name(self) -> str | None:
        """The client's name for it."""
        return self.operation.name.value if self.operation and self.operation.name else None

    @property
    def outcome(self) -> str:
        """`OK`, or the code of the first error."""
        if self.answer is None:
            return "CANCELLED"
        return self.answer["errors"][0]["extensions"]["code"] if self.answer.get("errors") else "OK"


class OperationMetrics:
    """Counts operations by name; names of trusted documents are always told, of others those that come often."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._names = Names(trusted)

    @contextmanager
    def measured(self) -> Iterator[Course]:
        """Measure one operation, or the opening of a subscription."""
        course, began = Course(), time.perf_counter()
        try:
            with counted() as statements:
                yield course
        finally:
            name, kind = self._names[course.name], course.kind
            _of(metrics.OPERATIONS, name, kind, course.outcome).inc()
            _of(metrics.OPERATION_SECONDS, name, kind).observe(time.perf_counter() - began)
            _of(metrics.OPERATION_STATEMENTS, kind).observe(len(statements))
            if course.points is not None:
                _of(metrics.OPERATION_POINTS, kind).observe(course.points)

    @contextmanager
    def event(self, course: Course) -> Iterator[None]:
        """Measure the answer to one event of a subscription."""
        began = time.perf_counter()
        yield
        _of(metrics.EVENT_SECONDS, self._names[course.name]).observe(time.perf_counter() - began)


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


@cache
def _of(metric: M, *labels: str) -> M:
    return metric.labels(*labels)
