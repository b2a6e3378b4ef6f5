"""The SQL statements of this process: how many ran for whom, and how long each took."""

import time
from contextvars import ContextVar
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from core.metrics import STATEMENT_SECONDS

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
