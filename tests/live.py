"""A whole installation of its own: servers, API and workers as real processes, to be killed, paused and started."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import httpx2
import pytest

from aperture.children import Child, stop_together
from aperture.servers import Postgres, Servers, Valkey, embedded
from aperture.site import DATABASE, HOST, Site
from tests.waiting import eventually

RECOVERY_SECONDS = 90
STOP_SECONDS = 20


class Part(Protocol):
    """A process of the installation."""

    @property
    def pid(self) -> int | None: ...
    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...


class Live:
    """A development installation; every part can be reached by name.

    It has no rate limits, and sheds no load: the machine may be busy with something else.
    """

    def __init__(self, site: Site, servers: Servers) -> None:
        self.site = site
        self.postgres: Postgres = servers.postgres
        self.valkey: Valkey = servers.valkey
        unhurried = {"APERTURE_RATE_LIMIT_FACTOR": "0", "APERTURE_LIMITS": '{"patience_seconds": 60}'}
        self.environment = site.environment(servers) | unhurried
        self.api = self._process("serve")
        self.workers = self._usual_workers = [self._process("worker")]

    @property
    def base_url(self) -> str:
        return self.site.url

    @property
    def worker(self) -> Child:
        """The first worker."""
        return self.workers[0]

    def add_worker(self) -> None:
        """Start one worker more, and wait until it listens for work."""
        self.workers = [*self.workers, self._process("worker")]
        self.workers[-1].start()
        eventually(lambda: len(self.sql(_LISTENERS)) == len(self.workers))

    def replace_workers(self, **settings: str) -> None:
        """Go on with a single worker, started with these settings on top."""
        stop_together(self.workers, STOP_SECONDS)
        self.workers = [self._process("worker", **settings)]
        self.worker.start()

    def restore(self) -> None:
        """Go back to one worker as it is by default; turns that a shifted clock has taken are given back."""
        if self.workers is not self._usual_workers:
            self.replace_workers()
            self.sql("delete from periodic")
            self._usual_workers = self.workers

    def heal(self) -> None:
        """Start what does not run, and wait until every part is well."""
        for part in self._parts():
            if not part.is_running:
                part.start()
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until every part is well."""
        eventually(lambda: set(self.health().values()) == {"ok"}, RECOVERY_SECONDS)

    def health(self) -> dict[str, str]:
        """What `/health/ready` says of each part; nothing while no API answers."""
        try:
            return dict(httpx2.get(f"{self.base_url}/health/ready", timeout=10).json().get("parts", {}))
        except httpx2.TransportError:
            return {}

    def errors(self) -> list[str]:
        """What API and workers have logged as a fault of their own so far."""
        logs = [self.site.logs / f"{command}.log" for command in ("serve", "worker")]
        return [line for log in logs for line in log.read_text().splitlines() if '"level": "error"' in line]

    def sql(self, statement: str) -> list[list[str]]:
        """The rows of a statement, as text."""
        return [line.split("|") for line in self.postgres.sql(statement, DATABASE).splitlines()]

    def await_rest(self) -> None:
        """Wait until everything that follows from what has happened is done."""
        eventually(lambda: self.sql(_UNDONE) == [["0", "0"]], RECOVERY_SECONDS)

    def differences(self) -> str:
        """What `aperture check-consistency` has to complain about."""
        return self._aperture("check-consistency")

    def begin(self) -> None:
        """Make the tables and start the processes."""
        self.postgres.ensure_database(DATABASE)
        assert not self._aperture("migrate")
        self.heal()

    def end(self) -> None:
        """End the processes, also those that sleep."""
        for part in self._parts():
            if part.is_running:
                os.kill(part.pid or 0, signal.SIGCONT)
        stop_together([self.api, *self.workers], STOP_SECONDS)

    def _parts(self) -> list[Part]:
        return [self.postgres, self.valkey, self.api, *self.workers]

    def _aperture(self, command: str) -> str:
        """What a command says if it fails, else nothing."""
        program = [sys.executable, "-m", "aperture", command]
        done = subprocess.run(program, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    def _process(self, command: str, **settings: str) -> Child:
        return Child(
            name=f"aperture {command}",
            command=[sys.executable, "-m", "aperture", command],
            log=self.site.logs / f"{command}.log",
            env=self.environment | settings,
        )


@pytest.fixture(scope="session")
def installation() -> Iterator[Live]:
    """One for all tests that need real processes; it keeps on disk what it has confirmed."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="aperture-live-", ignore_cleanup_errors=True))
        folder = Path(name)
        folder.chmod(0o711)
        live = Live(Site(folder, free_port()), stack.enter_context(embedded(folder)))
        stack.callback(live.end)
        live.begin()
        yield live


def kill(part: Part) -> None:
    """End a part as a crash does, without a word, and wait until it is gone."""
    assert part.pid is not None
    os.kill(part.pid, signal.SIGKILL)
    eventually(lambda: not part.is_running)


@contextmanager
def paused(part: Part) -> Iterator[None]:
    """Freeze a part inside the block: it keeps its connections and answers nothing. It may be killed there."""
    assert part.pid is not None
    os.kill(part.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if part.is_running:
            os.kill(part.pid, signal.SIGCONT)


_LISTENERS = "select pid from pg_stat_activity where query ilike 'listen %'"
_UNDONE = """
    select (select count(*) from outbox where relayed_at is null), (select count(*) from tasks where done_at is null)
"""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
