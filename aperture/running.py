"""Operations run by plan; those without one by the reference executor."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from graphql import ExecutionResult, OperationDefinitionNode
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from aperture import errors
from aperture.errors import Answer
from aperture.operations import RunningOperation
from core import tracing
from core.metrics import UNPLANNED
from engine.columns import Column
from engine.plan import Plan, Unsupported
from engine.program import Program
from engine.run import Run


async def run(operation: RunningOperation, context: Any, executor: Callable[[], Executor[Any]]) -> Answer:
    """The answer to an operation, with the errors of its fields; `executor` is made if it has no plan."""
    asked, variables = operation.operation, operation.variables
    plan = _plan(asked.document.program, asked.node, variables)
    if plan is None:
        return await run_executor(executor())
    with tracing.span("execute"):
        return _told(await Run(context, variables, _level).operation(plan))


async def run_executor(executor: Executor[Any], program: Program | None = None) -> Answer:
    """The answer to an executor's operation, or to the event of a subscription that is its root.

    `program` is its document, if it may run by plan.
    """
    plan = _plan(program, executor.operation, executor.variable_values)
    with tracing.span("execute"):
        if plan is None:
            return _told(await _by_reference(executor))
        running = Run(executor.context_value, executor.variable_values, _level)
        return _told(await running.operation(plan, executor.root_value))


def _level(columns: Sequence[Column]) -> AbstractContextManager[Any]:
    """A span for all that one level asks for, with the names of the fields in the schema."""
    if not tracing.is_on():
        return tracing.NOTHING
    return tracing.span("level", about={"aperture.fields": ", ".join(sorted({str(each.field) for each in columns}))})


def _plan(program: Program | None, operation: OperationDefinitionNode, variables: VariableValues) -> Plan | None:
    try:
        return program.plan(operation, variables) if program else None
    except Unsupported as error:
        UNPLANNED.labels(str(error)).inc()
        return None


async def _by_reference(executor: Executor[Any]) -> ExecutionResult:
    result: Any = executor.execute_operation()
    told: ExecutionResult = await result if is_awaitable(result) else result
    return told


def _told(result: ExecutionResult) -> Answer:
    if result.errors:
        return {"errors": errors.of_fields(result.errors), "data": result.data}
    return {"data": result.data}
