"""Fields that go by who the viewer is are marked as personal, and no others: what events show is shared by viewers."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_abstract_type, is_composite_type
from graphql.execution import create_source_event_stream
from graphql.type import is_required_argument
from sqlalchemy import insert, update

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.sharing import Told
from aperture.subscription import Presenter
from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import PostId, UserId, new_uuid
from core.viewer import Viewer
from engine.kinds import kind_of
from models import posts as models
from models.media import Media
from models.profiles import User
from schema.context import Context
from services import event_log, likes
from services.event_log import Entry
from services.visibility.alike import alike
from services.visibility.witness import Witness
from subscriptions.base import Stream
from tests.factories.people import follow, people, person
from tests.factories.posts import comment, post
from tests.factories.tags import tag

GRAPHQL = schema._schema
WATCH = "subscription ($ids: [ID!]!) { postEvents(postIds: $ids, after: %s) { __typename %s } }"
BEGIN = "... on PostUpdatedEvent { %s }"
HERE = "here: __typename"
RENDITION = {"size": "FEED", "format": "WEBP", "key": "private/a/b.webp", "width": 1, "height": 1, "byte_size": 1}


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a type, and where in an event it stands."""

    parent: str
    name: str
    field: GraphQLField
    template: str

    @property
    def is_personal(self) -> bool:
        """Whether it is declared to go by who the viewer is."""
        kind = kind_of(self.field)
        return kind is not None and kind.is_personal

    @property
    def selection(self) -> str:
        """The field alone, and a sign that its parent was there."""
        below = " { __typename }" if is_composite_type(get_named_type(self.field.type)) else ""
        return self.template % f"{HERE} it: {self.name}{below}"


def places() -> Iterator[Place]:
    """Every field that an event of a post leads to without passing a personal one; each type is met once."""
    seen: set[str] = set()
    waiting = [("PostUpdatedEvent", BEGIN)]
    for name, template in waiting:
        if name in seen:
            continue
        seen.add(name)
        parent = GRAPHQL.type_map[name]
        assert isinstance(parent, GraphQLObjectType)
        for field_name, field in parent.fields.items():
            if any(is_required_argument(argument) for argument in field.args.values()):
                continue
            place = Place(name, field_name, field, template)
            yield place
            below = get_named_type(field.type)
            if is_composite_type(below) and not place.is_personal:
                kinds = GRAPHQL.get_possible_types(below) if is_abstract_type(below) else [below]
                waiting += [(each.name, template % f"{field_name} {{ ... on {each.name} {{ %s }} }}") for each in kinds]


PLACES = list(places())


@dataclass(frozen=True, slots=True)
class Scene:
    """A post with all there can be around it, something that happened to it, and two who follow its author."""

    backends: Backends
    picture: PostId
    after: str
    ben: Viewer
    cleo: Viewer

    async def tell(self, viewer: Viewer, selection: str, witness: Witness | None = None) -> Told:
        """What a viewer is told of what happened."""
        document = WATCH % (f'"{self.after}"', selection)
        request = GraphQLRequest(document, variables={"ids": [str(self.picture)]})
        graph, context = Graph(GRAPHQL), Context(self.backends, viewer)
        executor = graph.executor(request, context)
        source: Any = create_source_event_stream(executor)
        async with aclosing(await source) as events:
            return await Presenter(graph, request, executor, context, "test").tell(await anext(events), witness)


@pytest.fixture
async def scene(backends: Backends, db: Database) -> Scene:
    ana, ben, cleo = await people(db, "ana", "ben", "cleo")
    for fan in (ben, cleo):
        await follow(db, fan, ana)
    dora = await person(db, "dora")
    await follow(db, ana, dora)
    for fan in await people(db, "eli", "fay"):
        await follow(db, fan, ana)
        await follow(db, fan, dora)
    links = [{"title": "Home", "url": "https://example.org"}]
    mentions = {"ben": str(UserId(ben.user_id))}
    spot = {"id": new_uuid(), "name": "Sea", "latitude": 1, "longitude": 2, "created_at": clock.now()}
    await db.write(lambda tx: tx.execute(insert(models.Place).values(spot)))
    picture = await post(
        db, ana, place_id=spot["id"], caption="Hi @ben, see #sea and https://example.org", caption_mentions=mentions
    )
    await tag(db, picture, ben)
    await tag(db, await post(db, dora), ana)
    await comment(db, ben, picture, idempotency_key="ben's own")
    await db.write(lambda tx: tx.execute(update(User).values(links=links, bio="Hi @ben", bio_mentions=mentions)))
    await db.write(lambda tx: tx.execute(update(Media).values(renditions=[RENDITION])))
    await db.write(partial(likes.like_post, viewer=ben, post_id=picture))
    topic = event_log.post_topic(picture.id)
    marks = await db.write(lambda tx: event_log.watch(tx, [topic]))
    ids = {"author_id": str(picture.author_id), "post_id": str(picture.id)}
    await db.write(lambda tx: event_log.append(tx, new_uuid(), [Entry(topic, "PostUpdated", ids)]))
    return Scene(backends, picture, Stream("post", [topic], _nothing).cursor(marks), ben, cleo)


async def _nothing(*_: Any) -> None:
    return None


async def test_fields_that_know_their_viewer_are_marked_and_no_others(scene: Scene) -> None:
    wrong: dict[str, str] = {}
    met: set[str] = set()
    for place in PLACES:
        witness, where = Witness(), f"{place.parent}.{place.name}"
        told = await scene.tell(scene.ben, place.selection, witness)
        assert told.answer is not None
        assert "errors" not in told.answer, (where, told.answer)
        if f"'here': '{place.parent}'" not in str(told.answer):
            continue
        met.add(place.parent)
        if witness.is_personal != place.is_personal:
            wrong[where] = "marked in vain" if place.is_personal else "not marked"
        async with scene.backends.db.reading(fresh=True) as db:
            (is_alike,) = await alike(db, witness, [scene.cleo])
        if is_alike and (await scene.tell(scene.cleo, place.selection)).answer != told.answer:
            wrong[where] = "differs"

    assert wrong == {}
    assert {place.parent for place in PLACES} - met == set()
