"""The embedded servers: ready from nothing, gone with their parent, not to be held up by what a killed one leaves."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from aperture import programs
from aperture.children import CannotStart, command_line
from aperture.servers import Postgres, Servers, Valkey, embedded
from tests.waiting import eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aperture-servers-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


def test_they_start_from_nothing_and_keep_their_data(folder: Path) -> None:
    with embedded(folder) as first:
        first.postgres.ensure_database("things")
        first.postgres.sql("create table things as select 7 as value", "things")

    with embedded(folder) as second:
        second.postgres.ensure_database("things")
        kept = second.postgres.sql("select value from things", "things")

    assert kept == "7"


def test_anew_forgets_everything(folder: Path) -> None:
    with embedded(folder) as first:
        first.postgres.ensure_database("things")

    with embedded(folder, anew=True) as second:
        databases = second.postgres.sql("select datname from pg_database")

    assert "things" not in databases.split()


def test_a_second_user_of_the_folder_is_told_so(folder: Path) -> None:
    with embedded(folder, fsync=False), pytest.raises(CannotStart, match="in use already"), embedded(folder):
        pass


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_a_killed_server_starts_again(folder: Path, part: str) -> None:
    with embedded(folder, fsync=False) as servers:
        server: Postgres | Valkey = getattr(servers, part)
        _kill(server)

        server.start()

        assert server.is_running
        assert _answer(servers)


def test_a_committed_row_outlives_kill_9(folder: Path) -> None:
    with embedded(folder) as servers:
        servers.postgres.sql("create table things as select 7 as value")
        _kill(servers.postgres)

        servers.postgres.start()

        assert servers.postgres.sql("select value from things") == "7"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_killed_parent_takes_its_servers_along(folder: Path) -> None:
    parent, servers = _parent_with_servers(folder)

    parent.kill()
    parent.wait()

    for pid in servers:
        eventually(partial(_is_dead, pid))


def test_the_next_start_ends_servers_that_outlived_their_parent(folder: Path) -> None:
    parent, orphans = _parent_with_servers(folder)
    # A stopped process does not act on the signal that its parent's death sends.
    for pid in orphans:
        os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()

    with embedded(folder, fsync=False) as servers:
        assert _answer(servers)

    assert all(_is_dead(pid) for pid in orphans)


def test_a_pid_file_that_names_a_stranger_holds_nothing_up(folder: Path) -> None:
    with embedded(folder, fsync=False) as servers:
        data = servers.postgres.home / "data"
    for file in (data / "postmaster.pid", folder / "valkey/valkey.pid"):
        file.write_text(f"{os.getppid()}\n{data}\n0\n5432\n")

    with embedded(folder, fsync=False) as servers:
        assert _answer(servers)


def test_initialising_that_was_cut_short_is_done_again(folder: Path) -> None:
    half_made = Postgres(folder).home / "data.draft"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        os.chown(half_made.parent, 65534, 65534)

    with embedded(folder, fsync=False) as servers:
        assert _answer(servers)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives servers to another account")
def test_root_reaches_a_folder_that_is_closed_to_others(folder: Path) -> None:
    folder.chmod(0o700)

    with embedded(folder, fsync=False) as servers:
        assert not servers.postgres.home.is_relative_to(folder)
        assert _answer(servers)
        servers.postgres.stop()
        servers.postgres.forget()


def test_of_two_who_unpack_the_programs_at_once_one_does(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name / "bin").mkdir(parents=True)
        programs._put(tmp_path / name, tmp_path / "target")

    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def _parent_with_servers(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A process that runs both servers and waits, and their process ids."""
    program = textwrap.dedent(
        """
        import signal, sys
        from pathlib import Path
        from aperture.servers import embedded
        with embedded(Path(sys.argv[1]), fsync=False) as servers:
            print(servers.postgres.pid, servers.valkey.pid, flush=True)
            signal.pause()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as output:
        return parent, [int(pid) for pid in output.readline().split()]


def _kill(server: Postgres | Valkey) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not server.is_running)


def _answer(servers: Servers) -> bool:
    return servers.postgres.sql("select 1") == "1" and servers.valkey.is_running


def _is_dead(pid: int) -> bool:
    return command_line(pid) == ""
