"""The seam between the transports and the graph for streams: a subscription in, one answer after the other out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Hashable
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeVar

import orjson
from graphql import ExecutionResult
from graphql.execution import Executor, create_source_event_stream
from graphql.pyutils import is_awaitable

from aperture import errors
from aperture.errors import Answer
from aperture.execution import Context, Graph, GraphQLRequest, TookTooLong, in_time, reckon, refusal
from aperture.metrics import Course
from aperture.personal import resuming_variables
from aperture.running import run_executor
from aperture.sharing import Place, Told
from core import tracing
from core.db import Database
from core.errors import ApiError, Unavailable
from core.metrics import EVENT_SECONDS, SUBSCRIPTIONS
from core.overload import Rank
from core.viewer import Viewer
from services.visibility.witness import Witness
from subscriptions.base import Occurrence, SlowConsumer

T = TypeVar("T")

RETRY_SECONDS: Final = 1.5
TRIES: Final = 3


class Outlet(Protocol):
    """The way of answers to the client of one operation."""

    @property
    def is_clear(self) -> bool:
        """Whether an answer would go out at once: who is slow shall not hold up the others."""

    def tell(self, answer: Answer) -> object:
        """Tell an answer without waiting; once the operation has ended it goes nowhere."""


async def subscribe(
    graph: Graph, request: GraphQLRequest, context: Context, outlet: Outlet | None = None
) -> AsyncGenerator[Answer] | Answer:
    """Open a subscription: its stream of answers, or the one answer that says why there is none.

    Waiting for an event takes as long as it takes; opening, and reading and presenting each event, have the graph's
    time. A stream whose source breaks ends with an answer without data. `SlowConsumer`, thrown in when an answer was
    not taken, is answered with the last one. Answers that many get at once go straight to the outlet while the stream
    waits for its next event.
    """
    with graph.metrics.measured() as course:
        try:
            executor, source = await in_time(graph, _source(graph, request, context, course))
        except Exception as error:  # noqa: BLE001 - the last place that can mask it
            course.answer = refusal(error)
            return course.answer
        course.answer = {"errors": errors.of_fields(source.errors or ())} if isinstance(source, ExecutionResult) else {}
    return course.answer or _answers(Presenter(graph, request, executor, context, course.name, outlet), aiter(source))


async def _source(graph: Graph, request: GraphQLRequest, context: Context, course: Course) -> tuple[Executor[Any], Any]:
    """The executor that answers each event of a subscription, and the events, or the result that says why not."""
    course.operation = asked = graph.operation(request)
    graph.admission.require(Rank.READ)
    await graph.charge(reckon(graph, request, asked, context, course), context)
    executor = graph.executor(request, context)
    source: Any = create_source_event_stream(executor)
    return executor, await source if is_awaitable(source) else source


class Presenter:
    """Turns the events of one stream into answers, together with others where it may."""

    def __init__(
        self,
        graph: Graph,
        request: GraphQLRequest,
        executor: Executor[Any],
        context: Any,
        name: str,
        outlet: Outlet | None = None,
    ) -> None:
        self._graph = graph
        self._executor = executor
        self._context = context
        self._kind = _kind(graph, request, context)
        self._name = name
        self._seconds = EVENT_SECONDS.labels(name)
        self._program = graph.documents[request.query].program
        self._outlet = outlet
        if self._kind is not None and outlet is not None:
            self._context.push = self._push

    @property
    def viewer(self) -> Viewer:
        viewer: Viewer = self._context.viewer
        return viewer

    @property
    def db(self) -> Database:
        db: Database = self._context.backends.db
        return db

    def renew(self) -> None:
        """Forget what was read for the last event."""
        self._context.renew()

    def close(self) -> None:
        """Tell nothing any more."""
        self._context.push = self._outlet = None

    async def answer(self, event: Any) -> Answer | None:
        """The answer to an event in the graph's time, or None if the viewer is told nothing of it."""
        if not isinstance(event, Occurrence):
            return await self._measured(self._run(event, self._context))
        told = await self._told(event)
        return told.answer if _is_shown(told, event) else None

    def show(self, told: Told, event: Occurrence) -> bool:
        """Tell the client, while its stream sleeps, what others are told; False if the stream has to see to it."""
        if self._outlet is None:
            return False
        if told.answer is not None and _is_shown(told, event):
            self._outlet.tell(told.answer)
        return True

    async def tell(self, event: Occurrence, witness: Witness | None = None) -> Told:
        """Read, present and answer an event in the graph's time; one that many are told is measured once."""
        return await self._measured(self._tell(event, witness), event.logged.traceparent)

    async def _measured(self, work: Coroutine[Any, Any, T], caused_by: str | None = None) -> T:
        with self._seconds.time(), tracing.span(f"event {self._name}", "server", caused_by):
            return await in_time(self._graph, work)

    async def _tell(self, event: Occurrence, witness: Witness | None) -> Told:
        context = self._context.watched(witness) if witness else self._context
        shown = await event.present(context)
        if shown is None:
            return Told()
        answer = await self._run(shown, context)
        event.measure()
        return Told(shown, answer)

    async def _run(self, shown: Any, context: Any) -> Answer:
        executor = self._executor.build_per_event_executor(shown)
        executor.context_value = context
        return await run_executor(executor, self._program)

    def _push(self, event: Occurrence, passed: Callable[[bool], None]) -> bool:
        if self._outlet is None or not self._outlet.is_clear:
            return False
        self._graph.sharing.gather(self._key(event), _Asleep(self, event, passed))
        return True

    async def _told(self, event: Occurrence) -> Told:
        """While the database is away the event is read again and again; what takes too long, a few times."""
        tries = 1
        while True:
            try:
                return await self._tell_with_others(event)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
            except TookTooLong:
                if tries == TRIES:
                    raise
                tries += 1

    async def _tell_with_others(self, event: Occurrence) -> Told:
        told = None
        if self._kind is not None:
            told = await self._graph.sharing.told(self._key(event), self, event)
        return told or await self.tell(event)

    def _key(self, event: Occurrence) -> Hashable:
        return self._kind, event.logged.topic, event.logged.seq, event.cursor


class _Asleep(Place):
    """The place of a stream that sleeps: it is told what others are, or has to wake up."""

    __slots__ = ("_passed", "_presenter")

    def __init__(self, presenter: Presenter, event: Occurrence, passed: Callable[[bool], None]) -> None:
        super().__init__(presenter, event)
        self._presenter = presenter
        self._passed: Callable[[bool], None] | None = passed

    def resolve(self, told: Told | None) -> None:
        passed, self._passed = self._passed, None
        if passed is not None:
            passed(told is not None and self._presenter.show(told, self.event))

    def fail(self, error: Unavailable) -> None:  # noqa: ARG002 - the stream meets it itself
        self.resolve(None)


def _is_shown(told: Told, event: Occurrence) -> bool:
    """Whether a stream shows what was made of an event; to be asked once."""
    return told.shown is not None and event.stream.is_told(told.shown)


def _kind(graph: Graph, request: GraphQLRequest, context: Any) -> bytes | None:
    """A digest of what streams have in common that may share answers; None for one that shares nothing."""
    asked = graph.documents[request.query].operation(request.operation_name)
    if graph.documents.is_personal(asked):
        return None
    resuming = resuming_variables(asked.document.ast, asked.node)
    given = {name: value for name, value in (request.variables or {}).items() if name not in resuming}
    common = [request.query, request.operation_name, given, getattr(context, "accept", "")]
    return blake2b(orjson.dumps(common, option=orjson.OPT_SORT_KEYS, default=repr), digest_size=16).digest()


async def _answers(presenter: Presenter, events: AsyncIterator[Any]) -> AsyncGenerator[Answer]:
    SUBSCRIPTIONS.inc()
    try:
        while True:
            presenter.renew()
            answer = await presenter.answer(await anext(events))
            if answer is not None:
                yield answer
    except StopAsyncIteration:
        return
    except SlowConsumer as slow:
        yield await _last_words(presenter, events, slow)
    except Exception as error:  # noqa: BLE001 - the last place that can mask it
        yield refusal(error)
    finally:
        SUBSCRIPTIONS.dec()
        presenter.close()
        if aclose := getattr(events, "aclose", None):
            await aclose()


async def _last_words(presenter: Presenter, events: Any, slow: SlowConsumer) -> Answer:
    """What a client that did not take its events finds when it reads on."""
    try:
        last = await presenter.answer(await events.athrow(slow))
    except (SlowConsumer, StopAsyncIteration):
        last = None
    except Exception as error:  # noqa: BLE001 - the last place that can mask it
        return refusal(error)
    return last or refusal(ApiError("UNAVAILABLE", "The events were not taken in time. Subscribe again."))
