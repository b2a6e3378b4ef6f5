"""Operations run by plan; those without one by the reference executor."""

from typing import Any

from graphql import ExecutionResult
from graphql.execution import Executor
from graphql.pyutils import is_awaitable

from aperture import errors
from aperture.errors import Answer
from core import tracing
from core.metrics import UNPLANNED
from engine.plan import Unsupported
from engine.program import Program
from engine.run import Run


async def run(executor: Executor[Any], program: Program | None = None) -> Answer:
    """The answer to an operation, or to the event of a subscription that is the executor's root, with field errors.

    `program` is its document, if it may run by plan.
    """
    with tracing.span("execute"):
        result = await _planned(executor, program) if program else None
        if result is None:
            result = await _by_reference(executor)
    answer: Answer = {"data": result.data}
    if result.errors:
        answer = {"errors": errors.of_fields(result.errors), **answer}
    return answer


async def _planned(executor: Executor[Any], program: Program) -> ExecutionResult | None:
    try:
        plan = program.plan(executor.operation, executor.variable_values)
    except Unsupported as error:
        UNPLANNED.labels(str(error)).inc()
        return None
    return await Run(executor.context_value, executor.variable_values).operation(plan, executor.root_value)


async def _by_reference(executor: Executor[Any]) -> ExecutionResult:
    result: Any = executor.execute_operation()
    told: ExecutionResult = await result if is_awaitable(result) else result
    return told
