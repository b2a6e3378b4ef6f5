"""The proof finds what it is for: five leaks are built into the product, and each is told of."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from aperture.probe.crawl import Probe
from core.backends import Backends
from core.db import Database
from core.viewer import Viewer
from models.follows import Follow, Follower
from schema import nodes
from schema.context import Context
from services import posts
from services.media import addresses
from services.visibility import comments
from tests.privacy.proof import Proof
from tests.privacy.reference import World
from tests.privacy.scenes import Scene, scene
from tests.privacy.streams import told


@pytest.fixture
async def there(db: Database) -> Scene:
    return await scene(db, "private")


@pytest.fixture
async def proof(backends: Backends, db: Database, there: Scene) -> Proof:
    """The proof over a scene in which nothing leaks."""
    return Proof(Probe(backends, page=8), await World.read(db))


async def test_a_rule_that_one_loader_forgot_is_told_of(
    monkeypatch: pytest.MonkeyPatch, proof: Proof, there: Scene
) -> None:
    blocked = there.viewers["blocked"]
    assert await proof.differences([blocked]) == []

    monkeypatch.setattr(comments, "_wall", lambda _, __, post: None if post else "POST_HIDDEN")

    # The comments of who is blocked are found by those who blocked them.
    found = await proof.differences([there.viewers["blocker"], there.viewers["author"]])
    assert any(each.startswith("eva: reaches a VISIBLE comment of blocked") for each in found), found


async def test_loaders_that_outlive_an_event_are_told_of(
    monkeypatch: pytest.MonkeyPatch, proof: Proof, there: Scene, db: Database
) -> None:
    follower, picture = there.viewers["follower"], there.posts["FOLLOWERS"]
    renew = Context.renew

    def keep(self: Context, *, fresh: bool = False) -> None:
        if not hasattr(self, "loaders"):
            renew(self, fresh=fresh)

    monkeypatch.setattr(Context, "renew", keep)
    _, found = await told(proof, follower, picture, partial(_part, db, follower, there))

    assert any("reaches a FOLLOWERS post of eva" in each for each in found), found


async def test_a_stream_tells_nothing_of_what_was_closed_meanwhile(proof: Proof, there: Scene, db: Database) -> None:
    follower, picture = there.viewers["follower"], there.posts["FOLLOWERS"]

    later, found = await told(proof, follower, picture, partial(_part, db, follower, there))

    assert (found, later.things) == ([], {})


async def test_a_count_without_a_filter_is_told_of(monkeypatch: pytest.MonkeyPatch, proof: Proof, there: Scene) -> None:
    def all_of_them(_: Any, counts: Mapping[str, int]) -> int:
        return sum(count for name, count in counts.items() if name.startswith("posts_"))

    monkeypatch.setattr(posts, "count_for_viewer", all_of_them)

    found = await proof.differences([there.viewers["follower"]])
    assert any(each.startswith("follower: counts 4 for postCount of eva") for each in found), found


async def test_a_search_that_is_filled_around_the_door_is_told_of(
    monkeypatch: pytest.MonkeyPatch, backends: Backends, proof: Proof, there: Scene
) -> None:
    async def for_anybody(_: Context, ids: Sequence[Any]) -> list[Any]:
        return await nodes.load(Context(backends, Viewer()), ids)

    monkeypatch.setattr(nodes, "load_listed", for_anybody)

    found = await proof.differences([there.viewers["blocked"]])
    for listed in ("followers(query: e).nodes", "following.nodes", "likers.nodes"):
        assert any(each.startswith("blocked: finds eva") and listed in each for each in found), found


async def test_an_address_that_does_not_run_out_is_told_of(
    monkeypatch: pytest.MonkeyPatch, proof: Proof, there: Scene
) -> None:
    monkeypatch.setattr(addresses, "SIGNED_FOR", timedelta(days=36_500))

    found = await proof.differences([there.viewers["follower"]])
    assert any("that is good until" in each for each in found), found


async def _part(db: Database, follower: Viewer, there: Scene) -> None:
    """The follower is taken off the author's followers."""
    author = there.posts["FOLLOWERS"].author_id
    for edge in (Follow, Follower):
        gone = delete(edge).where(edge.follower_id == follower.id, edge.followee_id == author)
        await db.write(lambda tx, gone=gone: tx.execute(gone))  # type: ignore[misc]
