"""Streams that were open before something was closed: what they tell afterwards obeys the reference."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from graphql import GraphQLSchema, build_schema, get_named_type, is_abstract_type, is_object_type

from aperture.probe.crawl import Probe
from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.ids import CommentId, PostId, UserId, new_uuid
from core.viewer import Viewer
from schema.contract import contract
from services import counters
from tests.client import mutation
from tests.factories.people import follow, person, stance
from tests.factories.posts import comment, post
from tests.privacy.asking import answer
from tests.privacy.proof import Proof
from tests.privacy.reference import World
from tests.privacy.streams import HOME, POST, Watch, told
from tests.privacy.test_matrix import leads

ROOT = Path(__file__).parents[2]

WATCHES: Final = {"postEvents": POST, "homeFeedEvents": HOME}
PERSONAL: Final = {
    "mediaEvents": "tests/realtime/test_media_events.py",
    "accountEvents": "tests/realtime/test_account_events.py",
}
"""Streams of what belongs to the viewer alone, and the tests of whom they tell it."""

Who = Literal["eva", "fan", "friend", "stranger"]
Change = tuple[Who, str, dict[str, Any]]
"""Who sends which mutation; `eva`, `fan` and `post` in its input are ids."""

CHANGES: Final[dict[str, Change]] = {
    "is blocked": ("eva", "blockUser", {"userId": "fan"}),
    "blocks": ("fan", "blockUser", {"userId": "eva"}),
    "is removed": ("eva", "removeFollower", {"userId": "fan"}),
    "leaves": ("fan", "unfollowUser", {"userId": "eva"}),
    "private account": ("eva", "updatePrivacySettings", {"isPrivate": True}),
    "for close friends": ("eva", "updatePost", {"postId": "post", "audience": "CLOSE_FRIENDS"}),
    "for nobody": ("eva", "updatePost", {"postId": "post", "audience": "ONLY_ME"}),
    "asleep": ("eva", "deactivateAccount", {}),
}

WATCHED: Final[tuple[tuple[str, Who, str], ...]] = (
    ("postEvents", "fan", "FOLLOWERS"),
    ("postEvents", "fan", "PUBLIC"),
    ("postEvents", "friend", "CLOSE_FRIENDS"),
    ("postEvents", "stranger", "PUBLIC"),
    ("homeFeedEvents", "fan", "FOLLOWERS"),
    ("homeFeedEvents", "fan", "PUBLIC"),
)
"""A stream, who holds it open, and for whom the post is that it tells of."""


def test_every_stream_of_something_guarded_is_held_open_by_a_test() -> None:
    assert set(guarded(contract().schema)) == WATCHES.keys() | PERSONAL.keys()
    assert all((ROOT / file).exists() for file in PERSONAL.values())


def test_a_new_stream_is_found() -> None:
    text = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    longer = build_schema(text.replace("type Subscription {", "type Subscription {\n  userEvents: User"))

    assert set(guarded(longer)) - set(guarded(contract().schema)) == {"userEvents"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("stream", "who", "audience"), WATCHED)
async def test_what_an_open_stream_tells_obeys_the_reference(
    backends: Backends, db: Database, stream: str, who: Who, audience: str, change: str
) -> None:
    people, watch = await _people(db), WATCHES[stream]
    picture = await post(db, people["eva"], audience=audience, caption="hidden caption")
    await _answer(db, people["eva"], picture)

    async def happen() -> None:
        await _happen(backends, people, picture, change)

    proof = Proof(Probe(backends), await World.read(db))
    later, leaked = await told(proof, people[who], picture, happen, watch)

    world = await World.read(db)
    assert leaked == []
    assert (watch.thing(picture) in later.things) is _is_to_be_told(world, people[who], picture, watch)


async def test_under_the_post_of_a_third_person_both_sides_of_a_block_are_gone(
    backends: Backends, db: Database
) -> None:
    people = await _people(db)
    ben = await person(db, "ben")
    picture = await post(db, ben)
    said = await _answer(db, people["eva"], picture)

    async def happen() -> None:
        await _happen(backends, people, picture, "is blocked")

    proof = Proof(Probe(backends), await World.read(db))
    later, leaked = await told(proof, people["fan"], picture, happen)

    assert leaked == []
    assert str(picture) in later.things
    assert str(said) not in later.things


def guarded(schema: GraphQLSchema) -> Iterator[str]:
    """Every stream whose events can lead to something guarded."""
    assert schema.subscription_type
    for name, field in schema.subscription_type.fields.items():
        if _leads(schema, field.type):
            yield name


def _leads(schema: GraphQLSchema, type_: Any) -> bool:
    """Whether something guarded is in it, or in a part of it."""
    named = get_named_type(type_)
    parts = schema.get_possible_types(named) if is_abstract_type(named) else [named]
    below = [each.type for part in parts if is_object_type(part) for each in part.fields.values()]
    return leads(schema, named) or any(_leads(schema, each) for each in below)


def _is_to_be_told(world: World, viewer: Viewer, picture: PostId, watch: Watch) -> bool:
    is_in_feed = watch is not HOME or world.follows_(viewer.id, picture.author_id)
    return is_in_feed and world.sees_post(viewer.id, picture.id)


async def _people(db: Database) -> dict[Who, Viewer]:
    names: tuple[Who, ...] = ("eva", "fan", "friend", "stranger")
    made = {name: replace(await person(db, name), session_id=new_uuid(), proved_at=clock.now()) for name in names}
    await follow(db, made["fan"], made["eva"])
    await follow(db, made["friend"], made["eva"])
    await stance(db, made["eva"], made["friend"], close_friend_since=clock.now())
    return made


async def _answer(db: Database, who: Viewer, picture: PostId) -> CommentId:
    """A comment that is counted."""

    async def count(tx: Write) -> None:
        counters.add(tx, picture.author_id, picture.id, comments=1)

    await db.write(count)
    return await comment(db, who, picture, "hidden answer")


async def _happen(backends: Backends, people: dict[Who, Viewer], picture: PostId, change: str) -> None:
    who, does, given = CHANGES[change]
    ids = {"eva": str(UserId(people["eva"].user_id)), "fan": str(UserId(people["fan"].user_id)), "post": str(picture)}
    sent = {name: ids.get(value, value) for name, value in given.items()}
    done = await answer(backends, people[who], mutation(does), input=sent)
    assert done == {"data": {"it": {"errors": []}}}
