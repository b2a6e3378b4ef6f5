"""The seam between the transports and the graph for streams: a subscription in, one answer after the other out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from graphql import ExecutionResult
from graphql.execution import Executor, create_source_event_stream
from graphql.pyutils import is_awaitable

from aperture import errors
from aperture.errors import Answer
from aperture.execution import Context, Graph, GraphQLRequest, TookTooLong, in_time, reckon, refusal, run
from aperture.metrics import Course
from core.errors import ApiError, Unavailable
from core.metrics import EVENT_SECONDS, SUBSCRIPTIONS
from core.overload import Rank
from subscriptions.base import Occurrence, SlowConsumer

RETRY_SECONDS: Final = 1.5


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
    return course.answer or _answers(_Presenter(graph, executor, context, course.name), aiter(source))


async def _source(graph: Graph, request: GraphQLRequest, context: Context, course: Course) -> tuple[Executor[Any], Any]:
    """The executor that answers each event of a subscription, and the events, or the result that says why not."""
    course.operation = graph.operation(request)
    graph.admission.require(Rank.READ)
    executor, operation = reckon(graph, request, context, course)
    await graph.charge(operation, context)
    source: Any = create_source_event_stream(executor)
    return executor, await source if is_awaitable(source) else source


class _Presenter:
    """Turns the events of one stream into answers."""

    def __init__(self, graph: Graph, executor: Executor[Any], context: Context, name: str) -> None:
        self._graph = graph
        self._executor = executor
        self._context: Any = context
        self._name = name

    def renew(self) -> None:
        """Forget what was read for the last event."""
        self._context.renew()

    async def answer(self, event: Any) -> Answer | None:
        """The answer to an event in the graph's time, or None if the viewer is told nothing of it."""
        with EVENT_SECONDS.labels(self._name).time():
            if not isinstance(event, Occurrence):
                return await self._run(event)
            shown = await self._present(event)
            if shown is None or not event.stream.is_told(shown):
                return None
            answer = await self._run(shown)
            event.measure()
            return answer

    async def _present(self, event: Occurrence) -> Any:
        """What there is to show. While the database is away the event is read again and again."""
        while True:
            try:
                return await in_time(self._graph, event.present(self._context))
            except (Unavailable, TookTooLong):
                await asyncio.sleep(RETRY_SECONDS)

    async def _run(self, shown: Any) -> Answer:
        return await in_time(self._graph, run(self._executor.build_per_event_executor(shown)))


async def _answers(presenter: _Presenter, events: AsyncIterator[Any]) -> AsyncGenerator[Answer]:
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


async def _last_words(presenter: _Presenter, events: Any, slow: SlowConsumer) -> Answer:
    """What a client that did not take its events finds when it reads on."""
    try:
        last = await presenter.answer(await events.athrow(slow))
    except (SlowConsumer, StopAsyncIteration):
        last = None
    except Exception as error:  # noqa: BLE001 - the last place that can mask it
        return refusal(error)
    return last or refusal(ApiError("UNAVAILABLE", "The events were not taken in time. Subscribe again."))
