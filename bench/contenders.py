"""Servers with sockets that `bench.live` compares: the installation as it is for users, and graphql-ws on Node."""

import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import insert, update

from aperture.children import Child, stop_together
from bench.crowd import DIGITS, MARK, Person
from bench.stage import FOLDER
from bench.talk import Talk, talk
from core import clock
from core.backends import Backends
from core.bell import OutboxBell
from core.db import Write
from core.ids import PostId, new_uuid
from core.settings import settings
from core.tokens import issue_access
from core.viewer import Viewer
from models.accounts import Account
from models.posts import Post
from models.profiles import User
from services import outbox, posts
from services.auth import keys, sessions
from services.auth.devices import Device
from tests.factories.people import person_in
from tests.factories.posts import post_in

# A process takes so many nameless sockets from one address; every part of 127.0.0.0/8 is this machine.
PER_ADDRESS = 100
NODE = Path(__file__).parent / "node"


class Contender(Protocol):
    """A server under test."""

    name: str
    pid: int
    port: int
    people: list[Person]
    variables: Mapping[str, Any]

    async def publish(self, number: int) -> float:
        """Let something happen, and say at which monotonic second it was true."""


def text_of(number: int) -> str:
    """What the event of this number says."""
    return f"{MARK.decode()}{number:0{DIGITS}}"


class Aperture:
    """API and worker as processes; events are written in this one, as another API process would."""

    name = "Aperture"

    def __init__(self, api: Child, port: int, backends: Backends, post: PostId, people: list[Person]) -> None:
        self.pid, self.port, self.people = api.pid or 0, port, people
        self.variables = {"posts": [str(post)], "after": "from now on"}
        self.padding = ""
        self._backends, self._post, self._author = backends, post, Viewer(id=post.author_id)

    async def publish(self, number: int) -> float:
        change = {"caption": text_of(number) + self.padding}
        await self._backends.db.write(lambda tx: posts.update_post(tx, self._author, self._post, change))
        return time.monotonic()

    async def begin_again(self) -> None:
        """A caption without a number."""
        async with self._backends.db.transaction() as tx:
            await tx.execute(update(Post).where(Post.id == self._post.id).values(caption="-"))


@contextmanager
def processes() -> Iterator[tuple[Child, int]]:
    """The API on a free port and a worker, with the settings of the stage."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    children = [
        Child(
            name=f"aperture {command}",
            command=[sys.executable, "-m", "aperture", command],
            log=FOLDER / f"logs/{command}.log",
            env=os.environ | {"APERTURE_PORT": str(port)},
        )
        for command in ("serve", "worker")
    ]
    try:
        for child in children:
            child.start()
        children[0].await_ready(lambda: _answers(port))
        yield children[0], port
    finally:
        stop_together(children, 20)


@asynccontextmanager
async def aperture(api: Child, port: int, count: int) -> AsyncIterator[Aperture]:
    """The installation with a post, and `count` people: half of them signed in, half nameless."""
    backends, bell = Backends.open(settings()), OutboxBell(settings().database_url)
    outbox.hang(bell)
    try:
        author = await backends.db.write(lambda tx: person_in(tx, f"author.{new_uuid().hex[-12:]}"))
        post = await backends.db.write(lambda tx: post_in(tx, author, caption="-"))
        yield Aperture(api, port, backends, post, await _people(backends, count))
    finally:
        outbox.hang(None)
        await bell.aclose()
        await backends.aclose()


async def _people(backends: Backends, count: int) -> list[Person]:
    tokens = await _tokens(backends, count // 2)
    people = [Person(tokens.pop() if n % 2 else None, "") for n in range(count)]
    return [Person(each.token, f"127.0.{1 + n // PER_ADDRESS}.1") for n, each in enumerate(people)]


async def _tokens(backends: Backends, count: int) -> list[str]:
    """Access tokens of as many new people."""
    key, now = await keys.signing_key(backends), clock.now()
    people = [new_uuid() for _ in range(count)]
    row: dict[str, Any] = {"display_name": "Reader", "bio_mentions": {}, "links": [], "is_verified": False}
    row |= {"is_private": False, "status": "ACTIVE", "created_at": now, "updated_at": now}
    account = {"role": "MEMBER", "language": "en", "time_zone": "UTC", "created_at": now}

    async def sign_up(tx: Write) -> list[str]:
        await tx.execute(insert(User), [row | {"id": each, "handle": f"reader.{each.hex}"} for each in people])
        await tx.execute(
            insert(Account), [account | {"user_id": each, "email": f"{each.hex}@example.org"} for each in people]
        )
        device = Device("benchmark", "OTHER")
        begun = [await sessions.begin(tx, each, device, "192.0.2.7", "PASSWORD") for each in people]
        return [issue_access(key, session)[0] for session in begun]

    return await backends.db.write(sign_up)


class Node:
    """graphql-ws on Node; an event begins when its number is written to the process."""

    name = "graphql-ws on Node"

    def __init__(self, process: Talk, port: int, count: int) -> None:
        self.pid, self.port = process.pid, port
        self.people = [Person(None, f"127.0.{1 + n // PER_ADDRESS}.1") for n in range(count)]
        self.variables = {"posts": ["post"]}
        self._process = process

    async def publish(self, number: int) -> float:
        self._process.say(text_of(number))
        return time.monotonic()


def has_node() -> bool:
    """Whether the baseline can run; its packages are fetched once."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    if not (NODE / "node_modules").exists():
        print("fetching the packages of the baseline, once ...", flush=True)
        subprocess.run([npm, "ci", "--silent"], cwd=NODE, check=True)
    return True


@asynccontextmanager
async def node(count: int) -> AsyncIterator[Node]:
    """The baseline."""
    async with talk("node", "server.mjs", cwd=NODE) as process:
        yield Node(process, int(await process.hear()), count)


def allow_files(count: int) -> None:
    """Let this process and its children open so many files and sockets; ends the program if it may not."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"This needs {count} open files, and {hard} are allowed: `ulimit -Hn {count}`, or --sockets.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(count, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), hard))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
