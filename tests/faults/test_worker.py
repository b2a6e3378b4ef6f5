"""Workers may die at any moment, and there may be several: what follows from a write follows, and once."""

from collections import Counter
from collections.abc import Iterable

from core.ids import PostId
from core.storage.keys import Area
from tests import pictures
from tests.devices import POST, UPLOAD, Device
from tests.faults.listening import home_listener
from tests.faults.load import Load
from tests.faults.truth import author_of, files_of, require_posts, require_renditions, require_whole
from tests.live import RECOVERY_SECONDS, Live, kill, paused
from tests.waiting import eventually


def test_killed_in_the_middle_of_a_picture_it_publishes_the_post_once(live: Live, circle: list[Device]) -> None:
    ana, ben, _ = circle
    with home_listener(live, ben) as home:
        upload = ana.upload(pictures.jpeg(6000, 5000))
        post = ana.publish(upload)
        eventually(lambda: stage(ana, upload) == "RENDERING")
        with paused(live.worker):
            assert stage(ana, upload) == "RENDERING"
            kill(live.worker)
        live.worker.start()
        eventually(lambda: ana.look_at(POST, post)["status"] == "PUBLISHED", RECOVERY_SECONDS)
        live.await_rest()

        home.until(1)

    assert len(home.events) == 1
    assert times_published(live, [post]) == [1]
    require_posts(live, circle, [post])
    require_renditions(ana.look_at(POST, post))
    assert files_of(live, ana, Area.INCOMING) == []
    assert live.differences() == ""


def test_killed_under_load_it_leaves_nothing_undone(live: Live, circle: list[Device], posts: list[str]) -> None:
    with Load(circle, posts) as load:
        load.go_on(15)
        kill(live.worker)
        load.go_on(15)
        live.worker.start()
        load.go_on(15)

    require_whole(live, load.actors, posts)
    assert not any(each.repeats for each in circle)


def test_three_at_once_do_each_thing_once(live: Live, circle: list[Device], posts: list[str]) -> None:
    live.add_worker()
    live.add_worker()

    with home_listener(live, circle[0]) as home:
        with Load(circle, posts) as load:
            load.go_on(60)
        require_whole(live, load.actors, posts)
        theirs = [post for each in load.actors[1:] for post in each.posts]
        home.until(len(theirs))

    told = Counter(event["hint"]["authors"][0]["id"] for event in home.events)
    assert told == Counter(map(author_of, theirs))
    assert set(times_published(live, theirs)) == {1}


def stage(device: Device, upload: str) -> str | None:
    """What is being done to an upload."""
    progress = device.look_at(UPLOAD, upload)["progress"]
    return progress and str(progress["stage"])


def times_published(live: Live, posts: Iterable[str]) -> list[int]:
    """How many facts tell that each of the posts was published."""
    facts = Counter(
        post for (post,) in live.sql("select payload ->> 'post_id' from outbox where event = 'PostPublished'")
    )
    return [facts[str(PostId.parse(post).id)] for post in posts]
