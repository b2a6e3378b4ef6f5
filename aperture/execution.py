"""The seam between the transports and the graph: a request in, an answer out; streams have their own."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_variable_values

from aperture import dry_run, errors, limits
from aperture.admission import Admission, rank_of
from aperture.documents import DocumentRefused, Documents, Operation
from aperture.errors import Answer
from aperture.metrics import Course, OperationMetrics
from aperture.operations import RunningOperation
from aperture.persisted import Persisted
from aperture.prices import Prices
from aperture.running import run, run_executor
from aperture.sharing import Sharing
from core import telemetry
from core.begun import within
from core.errors import ApiError, Refusal
from core.limits import DEFAULTS, Limits
from core.overload import Rank
from core.settings import settings
from core.statements import counted
from core.viewer import Viewer
from loaders.base import hits
from schema.operations import Operation as OperationToFields

T = TypeVar("T")

_NO_VARIABLES: Final = VariableValues({}, {})


class Context(Protocol):
    """What the seam needs of an operation's context; the fields need more."""

    viewer: Viewer
    operation: OperationToFields | None

    def renew(self) -> None:
        """Drop what was loaded, so that the next event reads afresh."""


@dataclass(slots=True)
class GraphQLRequest:
    """One operation as a client sends it, on any transport; with a `document_id` the text of `query` may be missing."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None

    @property
    def wants_cost(self) -> bool:
        """Whether the answer shall tell its cost: `extensions: {cost: true}`."""
        return (self.extensions or {}).get("cost") is True

    @property
    def wants_estimate(self) -> bool:
        """Whether the answer shall tell the cost and nothing else: `extensions: {cost: "estimate"}`."""
        return (self.extensions or {}).get("cost") == "estimate"


class TookTooLong(ApiError):
    """The time for one operation, or for one event, is over."""

    def __init__(self, seconds: float) -> None:
        super().__init__("TIMEOUT", f"This took longer than {seconds:g} seconds.")


Spend = Callable[[Any, int], Awaitable[None]]
"""Takes so much from the budget of a context's caller; raises ApiError when that is not left."""


class Graph:
    """A schema that answers: with its documents, its time for one operation and its bound on operations at once."""

    def __init__(  # noqa: PLR0913 - the parts it is made of
        self,
        schema: GraphQLSchema,
        *,
        allows_introspection: bool = False,
        bounds: Limits = DEFAULTS,
        admission: Admission | None = None,
        prices: Prices | None = None,
        spend: Spend | None = None,
        spend_reading: Spend | None = None,
        persisted: Persisted | None = None,
    ) -> None:
        self.schema = schema
        self.bounds = bounds
        self.admission = admission or Admission()
        self.documents = Documents(
            schema,
            allows_introspection=allows_introspection,
            prices=prices,
            bounds=bounds,
            before_reading=partial(self.admission.require, Rank.READ),
            runs_plans=settings().engine == "compiled",
        )
        self.persisted = persisted or Persisted()
        self.metrics = OperationMetrics(self.persisted.operation_names)
        self.sharing = Sharing()
        self._spend = spend
        self._spend_reading = spend_reading

    async def prepared(self, request: GraphQLRequest, context: Context) -> GraphQLRequest:
        """The request with its text, which is remembered by the hash it came with once it is valid.

        ApiError or DocumentRefused when there is no such document, or it is not allowed or not valid, or when the
        caller sends too many that are new.
        """
        if request.document_id is None:
            text = self.persisted.allowed(request.query, context.viewer)
        else:
            text = await self.persisted.text(request.document_id, request.query, context.viewer)
        if self._spend_reading is not None and text not in self.documents:
            await self._spend_reading(context, len(text))
        if request.document_id is not None and request.query:
            self.documents.require(text)
            await self.persisted.register(request.document_id, text)
        return request if text is request.query else replace(request, query=text)

    def operation(self, request: GraphQLRequest) -> Operation:
        """The operation a request names, once it passed the limits and the schema; DocumentRefused or ApiError."""
        operation = self.documents[request.query].operation(request.operation_name)
        telemetry.note(kind=operation.kind, operation=operation.name)
        return operation

    def variables(self, request: GraphQLRequest, operation: OperationDefinitionNode) -> VariableValues:
        """The variables as the schema reads them; DocumentRefused or ApiError if they do not fit."""
        if request.variables:
            limits.check_variables(request.variables, self.bounds)
        if not operation.variable_definitions:
            return _NO_VARIABLES
        found = get_variable_values(
            self.schema,
            operation.variable_definitions,
            request.variables or {},
            max_errors=errors.ERRORS - 1,
            hide_suggestions=not self.documents.allows_introspection,
        )
        if isinstance(found, list):
            raise DocumentRefused("BAD_USER_INPUT", found)
        return found

    def executor(self, request: GraphQLRequest, context: Context) -> Executor[Any]:
        """The library's executor for one request whose variables fit."""
        built = Executor.build(
            self.schema,
            self.documents[request.query].ast,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=errors.ERRORS - 1,
            hide_suggestions=not self.documents.allows_introspection,
        )
        if isinstance(built, list):
            raise DocumentRefused("BAD_USER_INPUT", built)
        return built

    def reckoned(self, request: GraphQLRequest, operation: Operation) -> RunningOperation:
        """What is known of a request before it runs, its cost above all.

        DocumentRefused or ApiError if the variables do not fit, or if it takes too long to find.
        """
        variables, plan = self.variables(request, operation.node), self.documents.plan(operation)
        return RunningOperation(
            schema=self.schema,
            operation=operation,
            plan=plan,
            sent=request.variables or {},
            variables=variables,
            cost=plan.cost(variables.coerced),
            max_depth=self.bounds.depth,
            is_persisted=request.document_id is not None,
        )

    async def charge(self, operation: RunningOperation, context: Context) -> None:
        """Let an operation run for its points; ApiError if it is too dear or its caller's budget is spent."""
        telemetry.note(cost=operation.cost)
        operation.require_affordable()
        if self._spend is not None:
            await self._spend(context, operation.cost)


async def execute(graph: Graph, request: GraphQLRequest, context: Context) -> Answer:
    """Answer a query or mutation; every error is told in the answer, and one that did not run has no `data`."""
    with graph.metrics.measured() as course:
        try:
            course.answer = await in_time(graph, _answer(graph, request, context, course))
        except Exception as error:  # noqa: BLE001 - the last place that can mask it
            course.answer = refusal(error)
    return course.answer


async def _answer(graph: Graph, request: GraphQLRequest, context: Context, course: Course) -> Answer:
    course.operation = named = graph.operation(request)
    await graph.admission.enter(rank_of(named))
    try:
        operation = reckon(graph, request, named, context, course)
        if request.wants_estimate:
            return {"data": None, "extensions": {"cost": operation.estimate()}}
        _require_single_answer(named.node)
        executor = partial(graph.executor, request, context)
        if dry_run.may_be_wanted(request.query) and (dry := dry_run.wanted(executor())):
            return dry.whole(await run_executor(dry.executor))
        await graph.charge(operation, context)
        working = run(operation, context, executor)
        return await (_telling(operation, working) if request.wants_cost else working)
    finally:
        graph.admission.leave()


def reckon(
    graph: Graph, request: GraphQLRequest, asked: Operation, context: Context, course: Course
) -> RunningOperation:
    """A request with what it will cost; nothing has run and nothing is paid yet."""
    context.operation = operation = graph.reckoned(request, asked)
    course.points = operation.cost
    return operation


def _require_single_answer(operation: OperationDefinitionNode) -> None:
    if operation.operation is OperationType.SUBSCRIPTION:
        raise ApiError("BAD_USER_INPUT", "A subscription is a stream: open it by WebSocket or as text/event-stream.")


async def _telling(operation: RunningOperation, working: Awaitable[Answer]) -> Answer:
    """The answer, with what it took in `extensions.cost`."""
    with counted() as statements, hits() as loaded:
        answer = await working
    took = {"statements": len(statements), "cacheHits": loaded.count}
    return {**answer, "extensions": {"cost": operation.bill(answer["data"]) | took}}


def refusal(error: Exception) -> Answer:
    """The answer without data to a request that ended with this error; what is unforeseen is logged and masked."""
    if isinstance(error, DocumentRefused):
        return errors.refused_document(error.code, error.errors)
    if isinstance(error, ApiError | Refusal):
        return errors.refused(error)
    if isinstance(error, GraphQLError) and error.original_error is None:
        return errors.refused_document("BAD_USER_INPUT", [error])
    return errors.broken(error)


def in_time(graph: Graph, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
    """What the work answers; it is cancelled when the graph's time for one operation is over."""
    seconds = graph.bounds.operation_seconds
    return within(seconds, work, partial(TookTooLong, seconds))
