"""`scripts/dev`: everything on one machine, from nothing to a ready screen, kept alive until Ctrl-C."""

import hashlib
import http.client
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

import models
from aperture.children import CannotStart, Child, stop_together
from aperture.keeper import Part, Startable
from aperture.people import refresh
from aperture.servers import Servers, embedded
from aperture.site import DATABASE, HOST, Site

# The longest a running request may take, and a little for the rest: all is over within 20 s.
_STOP_SECONDS = 14
_READY_SECONDS = 120
_PEOPLE_SHOWN = 3
_STEPS = Path(models.__file__).parent / "migrations/versions"

_console = Console(highlight=False, soft_wrap=True)


def run(site: Site, *, reset: bool) -> None:
    """Start all parts, show how to reach them, and keep them running.

    Ends on Ctrl-C and SIGTERM, with everything stopped. Raises `CannotStart`.
    """
    _listen_for_the_end()
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            with _step("Starting PostgreSQL and Valkey"):
                servers = stack.enter_context(embedded(site.folder, anew=reset))
            if reset:
                site.people_file.unlink(missing_ok=True)
            environment = site.environment(servers)
            _prepare_world(site, servers, environment)
            processes = _start_processes(site, environment, stack)
            _show_ready(site, refresh(site), time.monotonic() - began)
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


def _prepare_world(site: Site, servers: Servers, environment: Mapping[str, str]) -> None:
    """Bring the tables up to date, and seed a world unless there is a whole one."""
    is_seeded = site.people_file.exists()
    if not is_seeded:
        # Seeding that was cut short leaves half a world.
        servers.postgres.sql(f"drop database if exists {DATABASE} with (force)")
        shutil.rmtree(site.objects, ignore_errors=True)
        shutil.rmtree(site.letterbox, ignore_errors=True)
    servers.postgres.ensure_database(DATABASE)
    _migrate(site, environment, is_known=is_seeded)
    if not is_seeded:
        _console.print("Seeding a small world ...")
        _aperture("seed", environment)


def _migrate(site: Site, environment: Mapping[str, str], *, is_known: bool) -> None:
    """Bring the tables up to date, unless the same steps were taken by an earlier start."""
    steps = "".join(file.read_text() for file in sorted(_STEPS.glob("*.py")))
    fingerprint, noted = hashlib.sha256(steps.encode()).hexdigest(), site.folder / "migrated"
    if is_known and noted.exists() and noted.read_text() == fingerprint:
        return
    with _step("Bringing the tables up to date"):
        _aperture("migrate", environment)
    noted.write_text(fingerprint)


def _aperture(command: str, environment: Mapping[str, str]) -> None:
    finished = subprocess.run([sys.executable, "-m", "aperture", command], env=environment, check=False)
    if finished.returncode:
        raise CannotStart(f"`aperture {command}` has failed; what it says stands above.")


def _start_processes(site: Site, environment: Mapping[str, str], stack: ExitStack) -> list[Child]:
    """Start the API and the worker, and wait until the API answers."""
    api, worker = (_child(command, site, environment) for command in ("serve", "worker"))
    stack.callback(stop_together, [api, worker], _STOP_SECONDS)
    with _step("Starting API and worker"):
        api.end_forerunner()
        _require_free(site.port)
        worker.start()
        api.await_ready(lambda: _is_ready(site.port), seconds=_READY_SECONDS, starts=1)
    return [api, worker]


def _child(command: str, site: Site, environment: Mapping[str, str]) -> Child:
    return Child(
        name=f"aperture {command}",
        command=[sys.executable, "-m", "aperture", command],
        log=site.logs / f"{command}.log",
        env=environment,
        pid_file=site.folder / f"{command}.pid",
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(f"Port {port} is in use: try scripts/dev --port {port + 1}") from error


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
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
            part.tend(_tell)
        time.sleep(0.2)


def _tell(words: str) -> None:
    _console.print(words, markup=False)


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


def _show_ready(site: Site, people: list[dict[str, str]], seconds: float) -> None:
    _console.print(f"\n[bold green]Aperture is ready[/] after {seconds:.1f} s.\n")
    _tell(f"  GraphiQL   {site.url}/graphiql")
    _tell(f"  Reference  {site.url}/docs")
    _tell(f"  API        {site.url}/graphql   (over WebSocket, too)")
    _tell(f"  Mail       {site.url}/dev/mail   (what people would have been sent)")
    _tell(f"  Logs       {site.logs}\n")
    for person in people[:_PEOPLE_SHOWN]:
        _console.print(f"  [bold]@{person['handle']}[/]   password {person['password']}   {_role(person)}")
        _console.print(f"  [dim]Bearer {person['token']}[/]\n")
    _tell("Try first: open GraphiQL, which is already signed in, and run one of the examples.")
    _tell("Then docs/tour.md: a photo from your disk to a friend's feed in two minutes. Ctrl-C stops everything.")


def _role(person: dict[str, str]) -> str:
    """What somebody is beyond a member, for those who try out the powers of staff."""
    role = person.get("role", "MEMBER")
    return "" if role == "MEMBER" else role.lower()
