"""A small world for each suite of clients, and how its checks went."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.clients import kit
from tests.devices import Device
from tests.live import STOP_SECONDS, Live

POSTS = 3
COMMENTS = 5

Outcomes = Callable[[str], dict[str, str]]


@pytest.fixture(scope="session")
def generated() -> str:
    """What the generators of the app write, for all to be typed by; the text of the module with all operations."""
    for generator in (("graphql-codegen", "--config", "codegen.ts"), ("relay-compiler", "relay.config.json")):
        done = kit.run(*generator, cwd=kit.APP)
        assert done.returncode == 0, done.stdout + done.stderr
    return (kit.APP / "generated/operations.ts").read_text()


@pytest.fixture(scope="session")
def outcomes(installation: Live, generated: str) -> Outcomes:
    """How the checks of a suite went; it runs when the first of them is asked for."""
    installation.heal()

    def restart() -> None:
        installation.api.stop(STOP_SECONDS)
        installation.heal()

    return cache(lambda suite: kit.outcomes(suite, _world(installation), {"restart": restart}))


def _world(installation: Live) -> dict[str, Any]:
    """Somebody who follows an author with some posts, the first of them with comments."""
    with Device(installation.base_url, "me") as me, Device(installation.base_url, "author") as author:
        me.follow(author)
        posts = [author.publish(author.upload()) for _ in range(POSTS)]
        for number in range(COMMENTS):
            author.comment(posts[0], f"Comment {number}")
        installation.await_rest()
        return {
            "http": f"{installation.base_url}/graphql",
            "ws": f"{installation.base_url}/graphql".replace("http", "ws"),
            "me": {"id": me.id, "token": me.token, "handle": me.handle, "password": me.password},
            "author": {"id": author.id, "token": author.token, "handle": author.handle},
            "posts": posts,
        }
