"""The seam between the transports and the graph for streams: a subscription in, one answer after the other out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import blake2b
from typing import Any, Final

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
from aperture.sharing import Told
from core import tracing
from core.db import Database
from core.errors import ApiError, Unavailable
from core.metrics import EVENT_SECONDS, SUBSCRIPTIONS
from core.overload import Rank
from core.viewer import Viewer
from services.visibility.witness import Witness
from subscriptions.base import Occurrence, SlowConsumer

RETRY_SECONDS: Final = 1.5
TRIES: Final = 3


async def subscribe(graph: Graph, request: GraphQLRequest, context: Context) -> AsyncGenerator[Answer] | Answer:
    """Open a subscription: its stream of answers, or the one answer that says why there is none.

    Waiting for an event takes as long as it takes; opening, and reading and presenting each event, have the graph's
    time. A stream whose source breaks ends with an answer without data. `SlowConsumer`, thrown in when an answer was
    not taken, is answered with the last one.
    """
    with graph.metrics.measured() as course:
        try:
            executor, source = await in_time(graph, _source(graph, request, context, course))
        except Exception as error:  # noqa: BLE001 - the last place that can mask it
            course.answer = refusal(error)
            return course.answer
        course.answer = {"errors": errors.of_fields(source.errors or ())} if isinstance(source, ExecutionResult) else {}
    return course.answer or _answers(Presenter(graph, request, executor, context, course.name), aiter(source))


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
        self, graph: Graph, request: GraphQLRequest, executor: Executor[Any], context: Context, name: str
    ) -> None:
        self._graph = graph
        self._executor = executor
        self._context: Any = context
        self._kind = _kind(graph, request, context)
        self._name = name
        self._seconds = EVENT_SECONDS.labels(name)
        self._program = graph.documents[request.query].program

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

    async def answer(self, event: Any) -> Answer | None:
        """The answer to an event in the graph's time, or None if the viewer is told nothing of it."""
        caused_by = event.logged.traceparent if isinstance(event, Occurrence) else None
        with self._seconds.time(), tracing.span(f"event {self._name}", "server", caused_by):
            if not isinstance(event, Occurrence):
                executor = self._executor.build_per_event_executor(event)
                return await in_time(self._graph, run_executor(executor, self._program))
            told = await self._told(event)
            if told.shown is None or not event.stream.is_told(told.shown):
                return None
            event.measure()
            return told.answer

    async def tell(self, event: Occurrence, witness: Witness | None = None) -> Told:
        """Read, present and answer an event in the graph's time."""
        return await in_time(self._graph, self._tell(event, witness))

    async def _tell(self, event: Occurrence, witness: Witness | None) -> Told:
        context = self._context.watched(witness) if witness else self._context
        shown = await event.present(context)
        if shown is None:
            return Told()
        executor = self._executor.build_per_event_executor(shown)
        executor.context_value = context
        return Told(shown, await run_executor(executor, self._program))

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
            key = (self._kind, event.logged.topic, event.logged.seq, event.cursor)
            told = await self._graph.sharing.told(key, self, event)
        return told or await self.tell(event)


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
