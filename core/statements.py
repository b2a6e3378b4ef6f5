"""The SQL statements of this process: how many ran for whom, and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from core.metrics import STATEMENT_SECONDS

_counter: ContextVar["StatementCount | None"] = ContextVar("statement_count", default=None)


class StatementCount:
    """How many statements ran, and which."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counted() -> Iterator[StatementCount]:
    """Count the statements that run inside, in all tasks started there; a count around this one has them, too."""
    around, count = _counter.get(), StatementCount()
    token = _counter.set(count)
    try:
        yield count
    finally:
        _counter.reset(token)
        if around is not None:
            around.statements += count.statements


def watch(engine: AsyncEngine) -> None:
    """Count and time the statements of an engine."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)


def _begin(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _is_many: object) -> None:
    count = _counter.get()
    if count is not None:
        count.statements.append(statement)
    context.began = time.perf_counter()


def _end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _is_many: object) -> None:
    STATEMENT_SECONDS.observe(time.perf_counter() - context.began)
