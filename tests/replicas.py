"""A real replica of the session's PostgreSQL, whose replaying a test can hold up."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aperture import programs
from aperture.children import Child
from aperture.servers import OWNER, Postgres
from tests.waiting import eventually

_SETTINGS = ("listen_addresses=", "max_connections=200", "fsync=off")


class Replica:
    """A server that follows another one by streaming."""

    def __init__(self, primary: Postgres, folder: Path, sockets: Path) -> None:
        self._primary = primary
        self._user = primary.home.stat().st_uid if programs.is_root() else None
        self._programs, self._data, self._sockets = programs.postgres_folder(), folder / "data", sockets
        self._run("pg_basebackup", "-D", str(self._data), "-R", "-c", "fast", "--no-sync", "-d", _address(primary))
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        self._child = Child(
            name="the replica",
            command=[str(self._programs / "postgres"), "-D", str(self._data), "-k", str(sockets), *settings],
            log=folder.with_suffix(".log"),
            user=self._user,
            stop_signal=signal.SIGINT,
        )

    def start(self) -> None:
        self._child.await_ready(lambda: self._ready() == 0)

    def stop(self) -> None:
        self._child.stop()

    def url(self, database: str) -> str:
        """The value of `REPLICA_URL`."""
        return f"postgresql://{OWNER}@/{database}?host={self._sockets}"

    def pause(self) -> None:
        """Replay nothing more: from now on the replica lags."""
        self.sql("select pg_wal_replay_pause()")
        eventually(lambda: self.sql("select pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.sql("select pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Return when everything is replayed that was written until now."""
        written = self._primary.sql("select pg_switch_wal()")
        eventually(lambda: self.sql(f"select pg_last_wal_replay_lsn() >= '{written}'") == "t")

    def sql(self, statement: str) -> str:
        answer = self._run("psql", "-h", str(self._sockets), "-U", OWNER, "-d", "postgres", "-XAtqc", statement)
        return answer.strip()

    def _ready(self) -> int:
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self._sockets), "-U", OWNER]
        return subprocess.run(command, check=False).returncode

    def _run(self, program: str, *arguments: str) -> str:
        return subprocess.run(
            [str(self._programs / program), *arguments],
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        ).stdout


@contextmanager
def replicated(primary: Postgres) -> Iterator[Replica]:
    """A replica that runs while the block does."""
    folder = primary.home / "replica"
    sockets = Path(tempfile.mkdtemp(prefix="aperture-"))
    owner = primary.home.stat().st_uid
    for each in (folder, sockets):
        each.mkdir(mode=0o700, exist_ok=True)
        os.chown(each, owner, owner)
    replica = Replica(primary, folder, sockets)
    try:
        replica.start()
        yield replica
    finally:
        replica.stop()
        for each in (folder, sockets):
            shutil.rmtree(each, ignore_errors=True)


def _address(primary: Postgres) -> str:
    return f"user={OWNER} host={primary.url('postgres').partition('host=')[2]}"
