"""The object store may be away, and clients may fall silent: nothing else suffers, and nothing is left lying."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import httpx2
import pytest

from tests.devices import COMPLETE, POST, UPLOAD, Again, Device
from tests.faults.conftest import SignUp
from tests.faults.load import Load
from tests.faults.truth import files_of, require_posts, require_renditions, require_whole
from tests.live import RECOVERY_SECONDS, Live, paused
from tests.waiting import eventually

A_WHILE, A_DAY_AND_MORE = timedelta(minutes=2), timedelta(hours=25)


def test_while_the_store_is_away_only_uploads_wait(
    live: Live, sign_up: SignUp, circle: list[Device], posts: list[str]
) -> None:
    dora = sign_up("dora")
    begun, sent = dora.announce(), dora.announce()
    dora.send(sent)
    address = circle[0].look_at(POST, posts[0])["media"][0]["variants"][0]["url"]

    with Load(circle, posts) as load:
        with away(live):
            load.go_on()
            with pytest.raises(Again, match="UNAVAILABLE"):
                dora.try_to_send(begun)
            with pytest.raises(Again, match="UNAVAILABLE"):
                dora.try_to_ask(COMPLETE, input={"uploadId": sent["id"]})
            assert httpx2.get(address).status_code == 503
            assert live.health() == {"database": "ok", "redis": "ok", "store": "degraded", "worker": "ok"}
        load.go_on()
    dora.send(begun)
    late = [dora.publish(dora.complete(upload)) for upload in (begun, sent)]

    require_whole(live, load.actors, posts)
    require_posts(live, [dora], late)


def test_a_picture_waits_for_the_store_to_come_back(live: Live, sign_up: SignUp) -> None:
    dora = sign_up("dora")
    with ExitStack() as stack:
        with paused(live.worker):
            post = dora.publish(dora.upload())
            stack.enter_context(away(live))
        eventually(lambda: "Unavailable" in why_it_waits(live), RECOVERY_SECONDS)

    eventually(lambda: dora.look_at(POST, post)["status"] == "PUBLISHED", RECOVERY_SECONDS)


def test_what_a_silent_client_has_sent_is_completed(live: Live, sign_up: SignUp) -> None:
    dora = sign_up("dora")
    upload = dora.announce()
    dora.send(upload)
    post = dora.publish(upload["id"])

    live.replace_workers(**later(A_WHILE))

    eventually(lambda: dora.look_at(POST, post)["status"] == "PUBLISHED", RECOVERY_SECONDS)
    require_renditions(dora.look_at(POST, post))


def test_what_nobody_uses_goes_after_a_day(live: Live, sign_up: SignUp) -> None:
    dora = sign_up("dora")
    never_sent, never_posted = dora.announce()["id"], dora.upload()
    live.await_rest()
    assert files_of(live, dora)

    live.replace_workers(**later(A_DAY_AND_MORE))

    uploads = (never_sent, never_posted)
    eventually(lambda: {dora.look_at(UPLOAD, each)["state"] for each in uploads} == {"EXPIRED"}, RECOVERY_SECONDS)
    live.await_rest()
    assert files_of(live, dora) == []


def why_it_waits(live: Live) -> str:
    """What the pictures in process failed for, an outage or a fault of theirs."""
    rows = live.sql("select last_error from tasks where consequence like '%process_upload' and done_at is null")
    return " ".join(error for (error,) in rows)


@contextmanager
def away(live: Live) -> Iterator[None]:
    """Take the folder of the store away, as an unmounted disk is."""
    elsewhere = live.site.objects.rename(live.site.objects.with_name("elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(live.site.objects)


def later(time: timedelta) -> dict[str, str]:
    """The settings of a process whose clock is ahead."""
    return {"APERTURE_CLOCK_SHIFT_SECONDS": str(time.total_seconds())}
