"""All answers of one operation on a connection that can carry several."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import OperationType

from aperture.callers import Api, RequestInfo
from aperture.errors import Answer
from aperture.execution import GraphQLRequest, execute, refusal
from aperture.subscription import Outlet, subscribe
from core.viewer import Viewer
from subscriptions.base import SlowConsumer


async def answers(
    api: Api, viewer: Viewer, info: RequestInfo, request: GraphQLRequest, outlet: Outlet | None = None
) -> AsyncGenerator[Answer]:
    """One answer of a query or mutation, those of a subscription as they come; one without data is the last.

    A client that does not take one is served its `last_words` instead of more. Answers that many get at once may go
    to the outlet and not come here.
    """
    try:
        context = api.contexts(viewer, info)
        request = await api.graph.prepared(request, context)
        kind = api.graph.operation(request).node.operation
    except Exception as error:  # noqa: BLE001 - the last place that can mask it
        yield refusal(error)
        return
    if kind is not OperationType.SUBSCRIPTION:
        yield await execute(api.graph, request, context)
        return
    opened = await subscribe(api.graph, request, context, outlet)
    if isinstance(opened, dict):
        yield opened
        return
    async with aclosing(opened):
        try:
            async for answer in opened:
                yield answer
        except SlowConsumer as slow:
            yield await opened.athrow(slow)


async def last_words(told: AsyncGenerator[Answer]) -> Answer | None:
    """End the answers of a client that did not take the latest; what it finds when it reads on, if there was more."""
    try:
        return await told.athrow(SlowConsumer())
    except (SlowConsumer, StopAsyncIteration):
        return None
