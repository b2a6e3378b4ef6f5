"""All answers of one operation on a connection that can carry several."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import OperationType

from aperture.callers import Api, RequestInfo
from aperture.errors import Answer
from aperture.execution import GraphQLRequest, execute, refusal, subscribe
from core.viewer import Viewer


async def answers(api: Api, viewer: Viewer, info: RequestInfo, request: GraphQLRequest) -> AsyncGenerator[Answer]:
    """One answer of a query or mutation, those of a subscription as they come; one without data is the last."""
    try:
        request = await api.graph.prepared(request, viewer)
        kind = api.graph.operation(request).operation
        context = api.contexts(viewer, info)
    except Exception as error:  # noqa: BLE001 - the last place that can mask it
        yield refusal(error)
        return
    if kind is not OperationType.SUBSCRIPTION:
        yield await execute(api.graph, request, context)
        return
    opened = await subscribe(api.graph, request, context)
    if isinstance(opened, dict):
        yield opened
        return
    async with aclosing(opened):
        async for answer in opened:
            yield answer
