"""The tour for newcomers works as it is printed, against processes as an operator starts them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from aperture.children import Child, stop_together
from aperture.servers import Servers
from tests.docs.documents import ROOT, Block, as_told, blocks, json_documents
from tests.servers import environment

PRINTED = "http://localhost:8000"
BASH = shutil.which("bash") or ""
TOUR_SECONDS = 240
STOP_SECONDS = 30
NEXT_BLOCK = "--- the next block ---"


@pytest.fixture
def api(servers: Servers, database_url: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of an API process that has a worker beside it."""
    port = _free_port()
    url = f"http://localhost:{port}"
    env = {
        **environment(servers, database_url),
        "APERTURE_PORT": str(port),
        "APERTURE_PUBLIC_URL": url,
        "APERTURE_STORAGE_PATH": str(tmp_path / "objects"),
    }
    serve, worker = (
        Child(name, [sys.executable, "-m", "aperture", name], tmp_path / f"{name}.log", env)
        for name in ("serve", "worker")
    )
    try:
        worker.start()
        serve.await_ready(lambda: _answers(f"{url}/health/ready"))
        yield url
    finally:
        stop_together([serve, worker], STOP_SECONDS)


@pytest.mark.skipif(not BASH or not shutil.which("curl"), reason="the tour asks for bash and curl")
def test_the_tour_works_as_printed(api: str) -> None:
    tour = [block for block in blocks("docs/tour.md") if block.language in {"bash", "json", "text"}]
    scripts = [block.text.replace(PRINTED, api) for block in tour if block.language == "bash"]

    said = iter(_run(scripts))

    output = ""
    for block in tour:
        if block.language == "bash":
            output = next(said)
        else:
            _compare(output.replace(api, PRINTED), block)


def _run(scripts: list[str]) -> list[str]:
    """What each script said, run one after the other by one bash that stops at the first that fails."""
    script = f"\necho '{NEXT_BLOCK}'\n".join(["set -eu\n", *scripts])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=TOUR_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.split(f"{NEXT_BLOCK}\n")[1:]


def _compare(output: str, block: Block) -> None:
    if block.language == "text":
        assert as_told(output.strip(), block.text.strip()) == block.text.strip(), block.place
    else:
        answers = [line for line in output.splitlines() if line.startswith("{")]
        told = json_documents(block.text)
        assert as_told(json_documents("\n".join(answers)), told) == told, block.place


def _answers(address: str) -> bool:
    try:
        return bool(httpx2.get(address, timeout=2).json()["parts"]["worker"] == "ok")
    except (httpx2.TransportError, KeyError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
