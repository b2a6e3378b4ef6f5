"""What streams tell of a post before and after something changed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aperture.execution import GraphQLRequest
from aperture.probe.crawl import graph_for_probes
from aperture.probe.findings import Findings
from aperture.subscription import subscribe
from core.backends import Backends
from core.ids import PostId, UserId, new_uuid
from core.viewer import Viewer
from schema.context import Context
from services import event_log
from services.event_log import Entry
from subscriptions.base import Stream
from tests.privacy.proof import Proof, leaks
from tests.privacy.reference import World


@dataclass(frozen=True, slots=True)
class Watch:
    """A stream that tells of posts: its subscription, what is logged where for each, and what is told of it.

    `end` is what to log behind all, and is always told, if of some posts nothing is.
    """

    text: str
    name: str
    topic: Callable[[Viewer, PostId], str]
    event: str
    thing: Callable[[PostId], str]
    end: str | None = None


POST: Final = Watch(
    """subscription ($ids: [ID!]!, $after: String) { postEvents(postIds: $ids, after: $after) {
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
}""",
    "post",
    lambda _, picture: event_log.post_topic(picture.id),
    "PostUpdated",
    thing=str,
)
HOME: Final = Watch(
    """subscription ($after: String) { homeFeedEvents(after: $after) {
  __typename
  ... on HomeFeedNewPostsEvent { hint { newPostCount authors { __typename id handle bio { text } } } }
  ... on PostRemovedEvent { removedPostId }
} }""",
    "home",
    lambda viewer, _: event_log.home_topic(viewer.user_id),
    "PostPublished",
    thing=lambda picture: str(UserId(picture.author_id)),
    end="MutesChanged",
)


async def told(
    proof: Proof, viewer: Viewer, picture: PostId, change: Callable[[], Awaitable[None]], watch: Watch = POST
) -> tuple[Findings, list[str]]:
    """What a viewer is told of a post after a change, on a stream that told of it before; and what of it leaked."""
    backends = proof.probe.backends
    variables: dict[str, Any] = {"after": await _begin(backends, viewer, picture, watch)}
    variables |= {"ids": [str(picture)]} if "$ids" in watch.text else {}
    answers: Any = await subscribe(graph_for_probes(), GraphQLRequest(watch.text, variables), Context(backends, viewer))
    try:
        before = await _next(answers)
        assert watch.thing(picture) in before.things, before.words
        await change()
        later = await _next(answers)
    finally:
        await answers.aclose()
    return later, leaks(await World.read(backends.db), viewer, later, proof.grants)


async def _begin(backends: Backends, viewer: Viewer, picture: PostId, watch: Watch) -> str:
    """Two events of a post, perhaps an end, and the cursor before them."""
    topic = watch.topic(viewer, picture)
    marks = await backends.db.write(lambda tx: event_log.watch(tx, [topic]))
    ids = {"author_id": str(picture.author_id), "post_id": str(picture.id)}
    for event in (watch.event, watch.event, watch.end):
        if event:
            entry = Entry(topic, event, ids)
            await backends.db.write(partial(event_log.append, outbox_id=new_uuid(), entries=[entry]))
    return Stream(watch.name, [topic], _nothing).cursor(marks)


async def _next(answers: AsyncGenerator[Any, None]) -> Findings:
    answer, found = await anext(answers), Findings()
    assert "errors" not in answer, answer
    found.take_in(answer["data"], None, "")
    # Who was told of a post before may be told that it is gone.
    found.words = {word: place for word, place in found.words.items() if not place.endswith("removedPostId")}
    return found


async def _nothing(*_: Any) -> None:
    return None
