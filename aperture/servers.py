"""Embedded PostgreSQL and Valkey: real servers on Unix sockets, without installation, without ports, gone with us."""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aperture import programs
from aperture.children import CannotStart, Child, end_orphan

OWNER = "aperture"
_PORT = "5432"
_RELAXED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_ROOT_HOME = Path("/var/lib/aperture")


class Postgres:
    """PostgreSQL with its data below `folder`.

    As root it runs as an account without rights, and when `folder` is closed to that account, its data lie in
    `/var/lib/aperture` (`home` says where). Without `fsync` it is quick, and a power cut may cost the data.
    """

    def __init__(self, folder: Path, *, fsync: bool = True) -> None:
        self.home, self._user = _home(folder / "postgres")
        self._data = self.home / "data"
        self._sockets = _sockets(self.home)
        self._programs = programs.postgres_folder()
        self._fsync = fsync
        self.name, self.log = "PostgreSQL", folder / "logs/postgres.log"
        self._child = Child(
            name=self.name,
            command=[str(self._programs / "postgres"), "-D", str(self._data), *self._settings()],
            log=self.log,
            env=_environment(),
            user=self._user,
            stop_signal=signal.SIGINT,
        )

    def start(self) -> None:
        """Start, after ending what a killed parent left behind; make the data folder at the first time.

        Raises `CannotStart` when the server is not ready within a minute.
        """
        _claim(self.home, self._user)
        _claim(self._sockets, self._user)
        end_orphan(self._data / "postmaster.pid", str(self._data), signal.SIGINT)
        if not self._data.exists():
            self._create()
        self._child.await_ready(self._is_ready)

    def forget(self) -> None:
        """Delete all data, also those a killed parent's server still uses."""
        end_orphan(self._data / "postmaster.pid", str(self._data), signal.SIGINT)
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self) -> None:
        """End every session and the server, with all data on disk."""
        self._child.stop()
        shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def url(self, database: str) -> str:
        """The value of `DATABASE_URL` for one database of this server."""
        return f"postgresql+asyncpg://{OWNER}@/{database}?host={self._sockets}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the owner of the server and return its rows as bare text; it raises `CannotStart`."""
        answer = self._run("psql", *self._address(), "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return answer.strip()

    def ensure_database(self, database: str) -> None:
        """Create the database unless it is there."""
        if not self.sql(f"select 1 from pg_database where datname = '{database}'"):  # noqa: S608 - a name of our own
            self.sql(f'create database "{database}"')

    def _create(self) -> None:
        draft = self._data.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        options = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        self._run("initdb", "-D", str(draft), "-U", OWNER, *options, *([] if self._fsync else ["--no-sync"]))
        draft.rename(self._data)

    def _settings(self) -> Iterator[str]:
        yield from ("-k", str(self._sockets), "-p", _PORT)
        relaxed = () if self._fsync else _RELAXED
        for setting in ("listen_addresses=", "unix_socket_permissions=0700", "max_connections=200", *relaxed):
            yield from ("-c", setting)

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", *self._address()]
        return subprocess.run(command, env=_environment(), check=False).returncode == 0

    def _address(self) -> tuple[str, ...]:
        return ("-h", str(self._sockets), "-p", _PORT, "-U", OWNER)

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / program), *arguments]
        answer = subprocess.run(
            command,
            env=_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )
        if answer.returncode:
            raise CannotStart(f"{program} failed: {answer.stderr.strip()}")
        return answer.stdout


class Valkey:
    """Valkey with its append-only file below `folder`; without `fsync` it keeps everything in memory alone."""

    def __init__(self, folder: Path, *, fsync: bool = True) -> None:
        self._home = folder / "valkey"
        self._sockets = _sockets(self._home)
        self._socket = self._sockets / "valkey.sock"
        self._pid_file = self._home / "valkey.pid"
        self.name, self.log = "Valkey", folder / "logs/valkey.log"
        self._child = Child(
            name=self.name,
            command=[str(programs.valkey_program()), *self._settings(is_durable=fsync)],
            log=self.log,
            stop_signal=signal.SIGTERM,
        )

    def start(self) -> None:
        """Start, after ending what a killed parent left behind; `CannotStart` when it is not ready in a minute."""
        _claim(self._home, None)
        _claim(self._sockets, None)
        end_orphan(self._pid_file, str(self._socket))
        self._child.await_ready(self._is_ready)

    def forget(self) -> None:
        """Delete all keys, also those a killed parent's server still uses."""
        end_orphan(self._pid_file, str(self._socket))
        shutil.rmtree(self._home, ignore_errors=True)

    def stop(self) -> None:
        """End the server with all data on disk."""
        self._child.stop()
        shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        return self._child.is_running

    @property
    def pid(self) -> int | None:
        return self._child.pid

    @property
    def url(self) -> str:
        """The value of `REDIS_URL`."""
        return f"unix://{self._socket}"

    def _settings(self, *, is_durable: bool) -> list[str]:
        places = ["--dir", str(self._home), "--pidfile", str(self._pid_file), "--unixsocket", str(self._socket)]
        durability = ["--appendonly", "yes" if is_durable else "no", "--appendfsync", "everysec", "--save", ""]
        return [*places, *durability, "--unixsocketperm", "700", "--port", "0", "--maxmemory-policy", "noeviction"]

    def _is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64) == b"+PONG\r\n"
        except OSError:
            return False


@dataclass(frozen=True)
class Servers:
    """Both servers, running."""

    postgres: Postgres
    valkey: Valkey


@contextmanager
def embedded(folder: Path, *, fsync: bool = True, anew: bool = False) -> Iterator[Servers]:
    """Both servers with their state below `folder`, until the end of the block; one block at a time for a folder.

    With `anew` the state of earlier blocks is deleted first.
    """
    with _alone(folder):
        servers = Servers(Postgres(folder, fsync=fsync), Valkey(folder, fsync=fsync))
        if anew:
            servers.postgres.forget()
            servers.valkey.forget()
        try:
            servers.postgres.start()
            servers.valkey.start()
            yield servers
        finally:
            servers.valkey.stop()
            servers.postgres.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel gives it back however we end."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = (folder / "lock").open("a")
    except PermissionError as error:
        raise CannotStart(f"{folder} belongs to another user: go on as that user, or remove it.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(f"The servers in {folder} are in use already: another scripts/dev runs there.") from error
        yield


def _home(folder: Path) -> tuple[Path, int | None]:
    """Where the data lie and who owns them: for root the first owner, or an account without rights."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not programs.is_root():
        return folder, None
    if folder.exists() and (owner := folder.stat().st_uid):
        return folder, owner
    if all(parent.stat().st_mode & 0o1 for parent in folder.parents):
        return folder, programs.NOBODY
    return _ROOT_HOME / _digest(folder), programs.NOBODY


def _sockets(home: Path) -> Path:
    """A short folder for sockets, whose addresses may have no more than about 100 bytes."""
    return Path(tempfile.gettempdir()) / f"aperture-{os.geteuid()}-{_digest(home)}"


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:12]


def _claim(folder: Path, user: int | None) -> None:
    """Make the folder ours alone (or the user's); one that somebody else made in our place is refused."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user is not None and folder.stat().st_uid == 0:
        os.chown(folder, user, user)
    if folder.stat().st_uid != (os.geteuid() if user is None else user):
        raise CannotStart(f"{folder} belongs to another user.")


def _environment() -> dict[str, str]:
    """Our environment without what would turn PostgreSQL's programs to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
