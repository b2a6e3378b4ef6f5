"""One run of a plan: level by level down, all that has to be asked for at once; then up, level by level."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeAlias

from graphql import ExecutionResult, OperationType
from graphql.execution.values import VariableValues

from engine.batches import Batch
from engine.columns import Column
from engine.failures import BROKEN, Failures
from engine.plan import Plan, Shape
from engine.rows import maker

Level: TypeAlias = Callable[[Sequence[Column]], AbstractContextManager[Any]]
"""A block around all that one level asks for: a place for a span."""

_UNSEEN: Final = nullcontext()


class Run:
    """What one execution of a plan needs: the context of the fields, the variables, and what went wrong so far.

    Each level runs inside of the block that `level` gives for it.
    """

    __slots__ = ("context", "failures", "level", "variables")

    def __init__(self, context: Any, variables: VariableValues, level: Level = lambda _: _UNSEEN) -> None:
        self.context = context
        self.variables = variables
        self.level = level
        self.failures = Failures()

    async def operation(self, plan: Plan, root: Any = None) -> ExecutionResult:
        """The answer of an operation; for a subscription that to one of its events, which is the root."""
        kind = plan.operation.operation
        if kind is OperationType.MUTATION:
            return self._result(await self._serially(plan, root))
        batch = Batch(self, plan.root, [root])
        asked = list(batch.open())
        if kind is OperationType.SUBSCRIPTION:
            asked = list(_told_by(root, asked))
        await self._read(asked)
        return self._result(batch.rows()[0])

    async def _serially(self, plan: Plan, root: Any) -> Any:
        """One field with all that is below it after the other; none after one from which a null rises."""
        answer: dict[str, Any] = {}
        for field in plan.root.fields:
            batch = Batch(self, Shape([field], maker((field.key,))), [root])
            await self._read(list(batch.open()))
            (row,) = batch.rows()
            if row is BROKEN:
                return BROKEN
            answer |= row
        return answer

    async def _read(self, columns: Sequence[Column]) -> None:
        """Ask for one level after the other until nothing is left to ask for."""
        while columns:
            with self.level(columns):
                if len(columns) == 1:
                    await columns[0].batch.ask(columns[0])
                else:
                    await asyncio.gather(*(column.batch.ask(column) for column in columns))
            columns = [each for column in columns for batch in column.batches for each in batch.open()]

    def _result(self, row: Any) -> ExecutionResult:
        """The answer and its errors; null as a whole if a null rises from the row of the root."""
        if row is BROKEN:
            self.failures.rested(())
            row = None
        return ExecutionResult(row, self.failures.told() or None)


def _told_by(event: Any, columns: Sequence[Column]) -> Iterator[Column]:
    """The field of a subscription is the event itself; what is left to ask for is below it."""
    for column in columns:
        column.fill([event])
        for batch in column.batches:
            yield from batch.open()
