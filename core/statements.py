"""The SQL statements of this process: how many ran for whom, and how long each took."""

import time
from contextvars import ContextVar
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from core import tracing
from core.metrics import STATEMENT_SECONDS
from core.tracing import End

_counter: ContextVar["counted | None"] = ContextVar("statement_count", default=None)


class counted:  # noqa: N801 - read as a verb: `with counted() as statements`
    """How many statements ran in the block and in all tasks started there, and which; counts around it have them too.

    A plain class, since there is one for each operation and a generator takes twice its time.
    """

    __slots__ = ("_around", "_token", "statements")

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)

    def __enter__(self) -> Self:
        self._around = _counter.get()
        self._token = _counter.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _counter.reset(self._token)
        if self._around is not None:
            self._around.statements += self.statements


class running:  # noqa: N801 - read as a verb, and a plain class, as above
    """Count, time and trace a statement that the driver runs in the block."""

    __slots__ = ("_began", "_end_span")

    def __init__(self, statement: str) -> None:
        self._end_span = _counted(statement)
        self._began = time.perf_counter()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _place: object) -> None:
        STATEMENT_SECONDS.observe(time.perf_counter() - self._began)
        self._end_span(error)


def watch(engine: AsyncEngine) -> None:
    """Count, time and trace the statements of an engine."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)
    event.listen(engine.sync_engine, "handle_error", _fail)


def _begin(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _is_many: object) -> None:
    context.began = time.perf_counter()
    context.end_span = _counted(statement)


def _counted(statement: str) -> End:
    """What ends the span of a statement that begins now."""
    count = _counter.get()
    if count is not None:
        count.statements.append(statement)
    return _span(statement) if tracing.is_on() else _no_span


def _end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _is_many: object) -> None:
    STATEMENT_SECONDS.observe(time.perf_counter() - context.began)
    context.end_span(None)


def _fail(failure: Any) -> None:
    end_span: End = getattr(failure.execution_context, "end_span", _no_span)
    end_span(failure.original_exception)


def _span(statement: str) -> End:
    verb = statement.split(maxsplit=1)[0].upper()
    return tracing.call(verb, {"db.system.name": "postgresql", "db.query.text": statement})


def _no_span(_error: BaseException | None) -> None:
    pass
