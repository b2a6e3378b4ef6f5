"""What a stream tells of a post before and after something changed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

from aperture.execution import GraphQLRequest
from aperture.probe.crawl import graph_for_probes
from aperture.probe.findings import Findings
from aperture.subscription import subscribe
from core.backends import Backends
from core.ids import PostId, new_uuid
from core.viewer import Viewer
from schema.context import Context
from services import event_log
from services.event_log import Entry
from subscriptions.base import Stream
from tests.privacy.proof import Proof, leaks
from tests.privacy.reference import World

WATCH: Final = """subscription ($ids: [ID!]!, $after: String) { postEvents(postIds: $ids, after: $after) {
  __typename
  ... on PostUpdatedEvent { post { ...P } }
  ... on PostEngagementEvent { post { ...P } }
  ... on PostRemovedEvent { removedPostId }
} }
fragment P on Post {
  __typename id caption { text } author { __typename id handle bio { text } }
  media { __typename ... on Node { id } ... on Image { altText url } }
  commentCount commentPreview { __typename id body { text } author { __typename id } }
  comments(first: 10) { nodes { __typename id body { text } author { __typename id } } }
}"""


async def told(
    proof: Proof, viewer: Viewer, picture: PostId, change: Callable[[], Awaitable[None]]
) -> tuple[Findings, list[str]]:
    """What a viewer is told of a post after a change, on a stream that told of it before; and what of it leaked."""
    backends = proof.probe.backends
    after = await _begin(backends, picture)
    answers: Any = await subscribe(
        graph_for_probes(),
        GraphQLRequest(WATCH, {"ids": [str(picture)], "after": after}),
        Context(backends, viewer),
    )
    try:
        before = await _next(answers)
        assert str(picture) in before.things, before.words
        await change()
        later = await _next(answers)
    finally:
        await answers.aclose()
    return later, leaks(await World.read(backends.db), viewer, later, proof.grants)


async def _begin(backends: Backends, picture: PostId) -> str:
    """Two events of a post, and the cursor before them."""
    topic = event_log.post_topic(picture.id)
    marks = await backends.db.write(lambda tx: event_log.watch(tx, [topic]))
    ids = {"author_id": str(picture.author_id), "post_id": str(picture.id)}
    for _ in range(2):
        await backends.db.write(lambda tx: event_log.append(tx, new_uuid(), [Entry(topic, "PostUpdated", ids)]))
    return Stream("post", [topic], _nothing).cursor(marks)


async def _next(answers: AsyncGenerator[Any, None]) -> Findings:
    answer, found = await anext(answers), Findings()
    assert "errors" not in answer, answer
    found.take_in(answer["data"], None, "")
    # Who was told of a post before may be told that it is gone.
    found.words = {word: place for word, place in found.words.items() if not place.endswith("removedPostId")}
    return found


async def _nothing(*_: Any) -> None:
    return None
