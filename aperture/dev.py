"""`scripts/dev`: everything on one machine, from nothing to a ready screen, kept alive until Ctrl-C."""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from aperture.children import CannotStart, Child, stop_together
from aperture.keeper import Part, Startable
from aperture.servers import Servers, embedded

_DATABASE = "aperture"
_HOST = "127.0.0.1"
# The longest a running request may take, and a little for the rest: all is over within 20 s.
_STOP_SECONDS = 14
_YEAR_IN_DAYS = 365

_console = Console(highlight=False, soft_wrap=True)


def run(folder: Path, port: int, *, reset: bool) -> None:
    """Start all parts with their state in `folder`, show how to reach them, and keep them running.

    Ends on Ctrl-C and SIGTERM, with everything stopped. Raises `CannotStart`.
    """
    _listen_for_the_end()
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            with _step("Starting PostgreSQL and Valkey"):
                servers = stack.enter_context(embedded(folder, anew=reset))
            if reset:
                _people_file(folder).unlink(missing_ok=True)
            environment = _environment(folder, port, servers)
            _prepare_world(folder, servers, environment)
            processes = _start_processes(folder, port, environment, stack)
            _show_ready(folder, port, time.monotonic() - began)
            _keep(servers.postgres, servers.valkey, *processes)
    except KeyboardInterrupt:
        _console.print("\nEverything is stopped. The data stay; [bold]scripts/dev --reset[/] begins anew.")


def _listen_for_the_end() -> None:
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Begin to stop; a second Ctrl-C does not cut the stopping short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _environment(folder: Path, port: int, servers: Servers) -> dict[str, str]:
    """What an operator would set, on top of what the developer has set."""
    return {
        "APERTURE_ACCESS_TOKEN_SECONDS": str(_YEAR_IN_DAYS * 24 * 3600),
        "APERTURE_SESSION_DAYS": str(_YEAR_IN_DAYS),
        **os.environ,
        "APERTURE_ENVIRONMENT": "development",
        "APERTURE_HOST": _HOST,
        "APERTURE_PEOPLE_FILE": str(_people_file(folder)),
        "APERTURE_PORT": str(port),
        "APERTURE_PUBLIC_URL": _url(port),
        "APERTURE_SECRET_KEY": _secret(folder / "secret"),
        "APERTURE_STORAGE_PATH": str(folder / "objects"),
        "DATABASE_URL": servers.postgres.url(_DATABASE),
        "REDIS_URL": servers.valkey.url,
        "PYTHONUNBUFFERED": "1",
    }


def _secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
    if not file.read_text():
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


def _prepare_world(folder: Path, servers: Servers, environment: Mapping[str, str]) -> None:
    """Bring the tables up to date, and seed a world unless there is a whole one."""
    is_seeded = _people_file(folder).exists()
    if not is_seeded:
        # Seeding that was cut short leaves half a world.
        servers.postgres.sql(f"drop database if exists {_DATABASE} with (force)")
        shutil.rmtree(folder / "objects", ignore_errors=True)
    servers.postgres.ensure_database(_DATABASE)
    with _step("Bringing the tables up to date"):
        _aperture("migrate", environment)
    if not is_seeded:
        _console.print("Seeding a small world ...")
        _aperture("seed", environment)


def _aperture(command: str, environment: Mapping[str, str]) -> None:
    finished = subprocess.run([sys.executable, "-m", "aperture", command], env=environment, check=False)
    if finished.returncode:
        raise CannotStart(f"`aperture {command}` has failed; what it says stands above.")


def _start_processes(folder: Path, port: int, environment: Mapping[str, str], stack: ExitStack) -> list[Child]:
    """Start the API and the worker, and wait until the API answers."""
    api, worker = (_child(command, folder, environment) for command in ("serve", "worker"))
    stack.callback(stop_together, [api, worker], _STOP_SECONDS)
    with _step("Starting API and worker"):
        api.end_forerunner()
        _require_free(port)
        worker.start()
        api.await_ready(lambda: _is_ready(port), starts=1)
    return [api, worker]


def _child(command: str, folder: Path, environment: Mapping[str, str]) -> Child:
    return Child(
        name=f"aperture {command}",
        command=[sys.executable, "-m", "aperture", command],
        log=folder / f"logs/{command}.log",
        env=environment,
        pid_file=folder / f"{command}.pid",
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise CannotStart(f"Port {port} is in use: try scripts/dev --port {port + 1}") from error


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _keep(*everything: Startable) -> NoReturn:
    parts = [Part(each) for each in everything]
    while True:
        for part in parts:
            part.tend(_console.print)
        time.sleep(0.2)


@contextmanager
def _step(words: str) -> Iterator[None]:
    _console.print(f"{words} ...", end="")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        _console.print()
        raise
    _console.print(f" {time.monotonic() - began:.1f} s")


def _show_ready(folder: Path, port: int, seconds: float) -> None:
    people = json.loads(_people_file(folder).read_text())[:3]
    _console.print(f"\n[bold green]Aperture is ready[/] after {seconds:.1f} s.\n")
    _console.print(f"  GraphiQL   {_url(port)}/graphiql")
    _console.print(f"  API        {_url(port)}/graphql   (over WebSocket, too)")
    _console.print(f"  Logs       {folder / 'logs'}\n")
    for person in people:
        _console.print(f"  [bold]@{person['handle']}[/]   password {person['password']}")
        _console.print(f"  [dim]Bearer {person['token']}[/]\n")
    _console.print("Try first: open GraphiQL, which is already signed in, and run one of the examples on its tabs.")
    _console.print(
        "Then docs/tour.md: a photo from your disk to a friend's feed in two minutes. Ctrl-C stops everything."
    )


def _people_file(folder: Path) -> Path:
    """Written at the very end of seeding: people with their passwords and tokens."""
    return folder / "people.json"


def _url(port: int) -> str:
    return f"http://localhost:{port}"
