"""One run of a plan: level by level down, all that has to be asked for at once; then up, level by level."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from engine.batches import Batch
from engine.columns import Column
from engine.failures import BROKEN, Failures
from engine.plan import Plan, Shape
from engine.rows import maker

Watch: TypeAlias = Callable[[Sequence[Column]], None]
"""Told of each level before it is asked for: its columns, with their fields and the objects above them."""


class Run:
    """What one execution of a plan needs: the context of the fields, the variables, and what went wrong so far."""

    __slots__ = ("context", "failures", "variables", "watch")

    def __init__(self, context: Any, variables: VariableValues, watch: Watch | None = None) -> None:
        self.context = context
        self.variables = variables
        self.watch = watch
        self.failures = Failures()

    async def operation(self, plan: Plan, root: Any = None) -> ExecutionResult:
        """The answer of a query or mutation; the root fields of a mutation run one after the other."""
        if not plan.is_serial:
            batch = Batch(self, plan.root, [root])
            await self._read(list(batch.open()))
            return self._told(batch.rows()[0])
        return self._told(await self._serially(plan, root))

    async def event(self, plan: Plan, event: Any) -> ExecutionResult:
        """The answer to one event of a subscription."""
        batch = Batch(self, plan.root, [event])
        (column,) = batch.open()
        column.fill([event])
        await self._read([each for below in column.batches for each in below.open()])
        return self._told(batch.rows()[0])

    async def _serially(self, plan: Plan, root: Any) -> Any:
        """One field with all that is below it after the other; none after one from which a null rises."""
        answer: dict[str, Any] = {}
        for field in plan.root.fields:
            batch = Batch(self, Shape(plan.root.object_type, [field], maker((field.key,))), [root])
            await self._read(list(batch.open()))
            (row,) = batch.rows()
            if row is BROKEN:
                return BROKEN
            answer |= row
        return answer

    async def _read(self, columns: Sequence[Column]) -> None:
        """Ask for one level after the other until nothing is left to ask for."""
        while columns:
            if self.watch is not None:
                self.watch(columns)
            if len(columns) == 1:
                await columns[0].batch.ask(columns[0])
            else:
                await asyncio.gather(*(column.batch.ask(column) for column in columns))
            columns = [each for column in columns for batch in column.batches for each in batch.open()]

    def _told(self, row: Any) -> ExecutionResult:
        if row is BROKEN:
            self.failures.rested(())
            row = None
        return ExecutionResult(row, self.failures.told() or None)
