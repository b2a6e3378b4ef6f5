"""The API may be killed at any moment, and ends in order when it is asked to: nothing is doubled, nothing cut short."""

import errno
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Self

from aperture.site import HOST
from tests.devices import ANSWER_SECONDS, CREATE, LIKE, PHOTO, Device, fresh_key
from tests.faults.conftest import SignUp
from tests.faults.listening import home_listener
from tests.faults.load import Load
from tests.faults.truth import likes_of, published_by, require_posts, require_whole
from tests.live import STOP_SECONDS, Live, kill
from tests.waiting import eventually

CALLS_EACH = 4
RESTARTED = 1012


def test_killed_during_calls_it_does_each_of_them_once(live: Live, circle: list[Device]) -> None:
    calls = [(device, device.upload(), fresh_key()) for device in circle for _ in range(CALLS_EACH)]

    with ThreadPoolExecutor(len(calls)) as threads:
        running = [threads.submit(device.post, upload, key) for device, upload, key in calls]
        eventually(lambda: any(each.done() for each in running))
        kill(live.api)
        live.api.start()
        posts = [each.result() for each in running]

    assert [device.post(upload, key) for device, upload, key in calls] == posts
    assert any(device.repeats["CUT"] for device in circle)
    live.await_rest()
    require_posts(live, circle, posts)


def test_a_call_whose_answer_was_lost_is_not_done_again(live: Live, circle: list[Device]) -> None:
    ana, *_ = circle
    upload, key = ana.upload(), fresh_key()
    live.await_rest()

    with begun_call(ana, CREATE, content={"photo": {"uploadId": upload}}, idempotencyKey=key) as call:
        call.send_body()
        eventually(lambda: published_by(live, [ana]) != [])
        kill(live.api)
    live.api.start()

    assert [ana.post(upload, key)] == published_by(live, [ana])


def test_asked_to_end_it_answers_what_it_has_begun(
    live: Live, sign_up: SignUp, circle: list[Device], posts: list[str]
) -> None:
    people = [sign_up(name) for name in ("dora", "emil", "fred")]
    upload = people[0].announce()
    with home_listener(live, circle[0]) as home, Load(circle, posts) as load, ExitStack() as stack:
        load.go_on()
        likes = [stack.enter_context(begun_call(each, LIKE, postId=posts[0])) for each in people]
        photo = stack.enter_context(begun_upload(people[0], upload))
        live.api.ask_to_end()
        eventually(lambda: home.closes != [] and takes_no_more(live))

        answers = [json.load(each.finish()) for each in likes]
        is_stored = photo.finish().status == 200
        eventually(lambda: not live.api.is_running, STOP_SECONDS)
        live.api.start()
        load.go_on()

    assert answers == [{"data": {"it": {"errors": []}}}] * len(people)
    assert is_stored
    assert home.closes[0] == RESTARTED
    assert {(posts[0], each.id) for each in people} <= likes_of(live, posts)
    for each in people:
        each.like(posts[0], is_liked=False)
    require_whole(live, load.actors, posts)


def takes_no_more(live: Live) -> bool:
    """Whether new connections are refused."""
    with socket.socket() as fresh:
        return fresh.connect_ex((HOST, live.site.port)) == errno.ECONNREFUSED


class Begun:
    """A request that the API has taken up, and whose body is still to be sent."""

    def __init__(self, device: Device, method: str, url: str, headers: dict[str, str], body: bytes) -> None:
        self._body = body
        self._connection = HTTPConnection(device.http.base_url.host, device.http.base_url.port, timeout=ANSWER_SECONDS)
        self._connection.putrequest(method, url)
        for name, value in {**headers, "content-length": str(len(body)), "expect": "100-continue"}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        assert self._connection.sock.recv(1024).startswith(b"HTTP/1.1 100 ")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send_body(self) -> None:
        self._connection.send(self._body)

    def finish(self) -> HTTPResponse:
        """Send the body; the answer."""
        self.send_body()
        return self._connection.getresponse()


def begun_call(device: Device, document: str, **input: Any) -> Begun:
    headers = {"content-type": "application/json", "authorization": f"Bearer {device.token}"}
    body = json.dumps({"query": document, "variables": {"input": input}}).encode()
    return Begun(device, "POST", "/graphql", headers, body)


def begun_upload(device: Device, upload: Any) -> Begun:
    (part,) = upload["parts"]
    headers = {header["name"]: header["value"] for header in part["headers"]}
    return Begun(device, "PUT", part["url"], headers, PHOTO)
