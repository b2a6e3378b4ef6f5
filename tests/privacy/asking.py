"""Operations as somebody sends them, without the way to the graph."""

from typing import Any

from aperture.execution import GraphQLRequest, execute
from aperture.probe.crawl import graph_for_probes
from core.backends import Backends
from core.viewer import Viewer
from schema.context import Context


async def answer(backends: Backends, viewer: Viewer, document: str, **variables: Any) -> Any:
    """All that a viewer is answered, errors with it."""
    return await execute(graph_for_probes(), GraphQLRequest(document, variables), Context(backends, viewer))
