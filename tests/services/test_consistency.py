"""Each kind of difference is found, and a sound world has none."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from core import clock
from core.backends import Backends
from core.db import Write
from core.ids import PostId
from core.viewer import Viewer
from models.counters import Counter
from models.follows import Follower
from models.likes import PostLike
from models.posts import Post
from models.stances import ReceivedStance
from models.tags import MediaTag, TaggedPost
from services import comments, consistency, counters, follows, likes
from tests.factories.people import block, person, stance
from tests.factories.posts import post
from tests.factories.tags import tag


async def _complaints(backends: Backends) -> list[str]:
    return [line async for line in consistency.differences(backends)]


@pytest.fixture
async def world(backends: Backends) -> tuple[Viewer, Viewer, PostId]:
    """Ana, whom Ben follows, with a post that Ben likes and comments on, all counted."""
    db = backends.db
    ana, ben = await person(db, "ana"), await person(db, "ben")
    picture = await post(db, ana)
    await db.write(lambda tx: follows.follow_user(tx, ben, ana.user_id))
    await db.write(lambda tx: likes.like_post(tx, ben, picture))
    await db.write(lambda tx: comments.add_comment(tx, ben, picture, "Nice!"))

    async def count(tx: Write) -> None:
        counters.add(tx, ana.user_id, ana.user_id, posts_public=1)

    await db.write(count)
    return ana, ben, picture


async def test_a_sound_world_has_no_differences(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    assert await _complaints(backends) == []
    await backends.db.write(counters.fold)
    assert await _complaints(backends) == []


async def test_a_lost_like_is_found(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    await backends.db.write(lambda tx: tx.execute(delete(PostLike)))

    (complaint,) = await _complaints(backends)

    assert complaint.startswith("likes of")


async def test_a_wrong_stored_count_is_found(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    ana, _, _ = world
    row = {"author_id": ana.user_id, "subject_id": ana.user_id, "name": "followers", "value": 5}
    await backends.db.write(lambda tx: tx.execute(insert(Counter).values(row)))

    assert await _complaints(backends) == [f"followers of {ana.id}: 6 are counted, there are 1"]


async def test_a_follow_in_one_direction_is_found(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    await backends.db.write(lambda tx: tx.execute(delete(Follower)))

    found = await _complaints(backends)

    assert any("without a mirror" in complaint for complaint in found)
    assert "1 follows have 0 mirrors" in found


async def test_a_stance_without_its_mirror_is_found(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    ana, ben, _ = world
    await stance(backends.db, ana, ben, restricted_at=clock.now())
    await backends.db.write(lambda tx: tx.execute(update(ReceivedStance).values(restricted_at=None)))
    other = await _complaints(backends)
    await backends.db.write(lambda tx: tx.execute(delete(ReceivedStance)))

    found = await _complaints(backends)

    assert other == [f"the stance of {ana.id} to {ben.id} has no mirror"]
    assert found == [*other, "1 stances have 0 mirrors"]


async def test_a_follow_that_outlived_a_block_is_found(
    backends: Backends, world: tuple[Viewer, Viewer, PostId]
) -> None:
    ana, ben, _ = world
    await block(backends.db, ana, ben)

    found = await _complaints(backends)

    assert found == [f"{ana.id} blocks {ben.id}, and a follow is left between them"]


async def test_a_post_that_forgot_to_publish_is_found(backends: Backends, world: tuple[Viewer, Viewer, PostId]) -> None:
    _, _, picture = world
    earlier = {"status": "PROCESSING", "created_at": clock.now() - timedelta(hours=1)}
    await backends.db.write(lambda tx: tx.execute(update(Post).where(Post.id == picture.id).values(earlier)))

    assert f"post {picture.id} waits although its media are ready" in await _complaints(backends)


@pytest.mark.parametrize(("table", "told"), [(TaggedPost, "lacks"), (MediaTag, "is not tagged in it")])
async def test_a_tag_on_one_side_is_found(
    backends: Backends, world: tuple[Viewer, Viewer, PostId], table: type[MediaTag | TaggedPost], told: str
) -> None:
    ana, ben, picture = world
    await tag(backends.db, picture, ana, ben)
    assert await _complaints(backends) == []
    await backends.db.write(lambda tx: tx.execute(delete(table)))

    (complaint,) = await _complaints(backends)

    assert str(picture.id) in complaint
    assert told in complaint
