"""The one command: from nothing to a ready screen, and again after `kill -9` of any of its parts."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import URLError

import pytest

from aperture.children import command_line
from tests.waiting import eventually

START_SECONDS = 600


@dataclass
class Run:
    """One `aperture dev`, what it has printed so far, and the parts it has started."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def screen(self) -> str:
        return (self.folder / "screen").read_text()

    def pid(self, part: str) -> int:
        file = {
            "postgres": self.folder / "state/postgres/data/postmaster.pid",
            "valkey": self.folder / "state/valkey/valkey.pid",
        }.get(part, self.folder / f"state/{part}.pid")
        return int(file.read_text().split()[0])

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return set(json.load(answer)["parts"].values()) == {"ok"}
        except (URLError, OSError):
            return False

    def is_replaced(self, part: str, forerunner: int) -> bool:
        try:
            return self.pid(part) != forerunner
        except (FileNotFoundError, IndexError):
            return False


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aperture-dev-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def port() -> int:
    """One for all starts, as tokens are good for an address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def run(folder: Path, port: int) -> Iterator[Run]:
    running = start(folder, port)
    yield running
    running.process.terminate()
    running.process.wait(30)


def start(folder: Path, port: int) -> Run:
    options = ["--port", str(port), "--folder", str(folder / "state")]
    with (folder / "screen").open("wb") as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "aperture", "dev", *options], stdout=screen, stderr=subprocess.STDOUT
        )
    running = Run(folder, port, process)
    eventually(lambda: "Ctrl-C" in running.screen or process.poll() is not None, START_SECONDS)
    assert process.poll() is None, running.screen
    return running


def test_the_ready_screen_names_three_people_whose_tokens_are_good(run: Run) -> None:
    eventually(run.is_ready)
    tokens = re.findall(r"Bearer (\S+)", run.screen)

    handles = [_viewer(run.port, token) for token in tokens]

    assert re.findall(r"@(\w+)", run.screen) == handles
    assert len(handles) == 3


@pytest.mark.parametrize("part", ["postgres", "valkey", "serve", "worker"])
def test_a_killed_part_is_started_again(run: Run, part: str) -> None:
    eventually(run.is_ready)
    forerunner = run.pid(part)

    os.kill(forerunner, signal.SIGKILL)

    eventually(partial(run.is_replaced, part, forerunner))
    eventually(run.is_ready)


def test_after_its_own_kill_9_the_next_start_is_ready(folder: Path, port: int) -> None:
    first = start(folder, port)
    first.process.kill()
    first.process.wait()

    second = start(folder, port)

    eventually(second.is_ready)
    second.process.terminate()
    assert second.process.wait(30) == 0


def test_ending_leaves_no_process_behind(folder: Path, port: int) -> None:
    run = start(folder, port)
    pids = [run.pid(part) for part in ("postgres", "valkey", "serve", "worker")]

    run.process.terminate()

    assert run.process.wait(20) == 0
    assert [command_line(pid) for pid in pids] == [""] * 4
    assert "Everything is stopped" in run.screen


def _viewer(port: int, token: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": "{ viewer { user { handle } } }"}).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own server
        return str(json.load(answer)["data"]["viewer"]["user"]["handle"])
