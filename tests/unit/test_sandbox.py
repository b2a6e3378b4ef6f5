"""A child that renders pictures may crash, hang or lie: its caller hears a typed failure, and nothing stays behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from core.imaging.confine import Limits
from core.imaging.parcel import SOURCE, pack, unpack
from core.imaging.pictures import FailureCode, ImageSize, Picture, UnusablePicture
from core.imaging.render import render
from jobs.sandbox import Sandbox
from tests import pictures

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of the test's own, to see what is left in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.005)


def names(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def read(path: str) -> str:
    return Path(path).read_text()


def is_running(pid: int) -> bool:
    try:
        return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_of(sandbox: Sandbox) -> int:
    (child,) = sandbox._children
    assert child._process
    return child._process.pid


@asynccontextmanager
async def interrupted(sandbox: Sandbox) -> AsyncIterator[tuple[int, asyncio.Task[Picture]]]:
    """A child stopped in the middle of a picture, and the caller who waits for it."""
    await sandbox.render(pictures.jpeg())
    pid = pid_of(sandbox)
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(sandbox.render(pictures.jpeg()))
    (child,) = sandbox._children
    await until((child.folder / SOURCE).exists)
    yield pid, task


async def refusal(task: asyncio.Task[Picture]) -> FailureCode:
    with pytest.raises(UnusablePicture) as refused:
        await task
    return refused.value.code


async def test_the_child_renders_what_the_code_renders(temporary: Path) -> None:
    file = pictures.encoded(pictures.landscape(1600, 1200), "JPEG")
    path = temporary / "photo"
    path.write_bytes(file)

    async with Sandbox() as sandbox:
        from_bytes, from_path = await asyncio.gather(sandbox.render(file, (0.2, 0.9)), sandbox.render(path))

    assert from_bytes == render(file, (0.2, 0.9))
    assert from_path == render(file)
    path.unlink()
    assert not names(temporary)


async def test_one_child_serves_several_pictures_and_is_then_replaced() -> None:
    async with Sandbox(size=1, limits=Limits(pictures=2)) as sandbox:
        await sandbox.render(pictures.jpeg())
        first = pid_of(sandbox)
        await sandbox.render(pictures.jpeg())
        assert not is_running(first)

        await sandbox.render(pictures.jpeg())
        assert pid_of(sandbox) != first


async def test_no_more_children_than_agreed_work_at_once() -> None:
    async with Sandbox(size=2) as sandbox:
        await asyncio.gather(*(sandbox.render(pictures.jpeg()) for _ in range(6)))

        assert len(sandbox._children) == 2


async def test_a_refused_picture_does_not_cost_the_child_its_life() -> None:
    async with Sandbox(size=1) as sandbox:
        await sandbox.render(pictures.jpeg())
        before = pid_of(sandbox)

        with pytest.raises(UnusablePicture) as refused:
            await sandbox.render(pictures.truncated_jpeg())

        assert refused.value.code is FailureCode.DAMAGED
        assert pid_of(sandbox) == before
        assert not names(next(iter(sandbox._children)).folder)


@pytest.mark.parametrize("file", [pictures.png_bomb(), pictures.jpeg_bomb()], ids=["PNG", "JPEG"])
async def test_a_bomb_is_refused_as_too_large(file: bytes) -> None:
    async with Sandbox(size=1) as sandbox:
        with pytest.raises(UnusablePicture) as refused:
            await sandbox.render(file)

    assert refused.value.code is FailureCode.TOO_LARGE


async def test_what_needs_no_decoder_starts_no_child() -> None:
    async with Sandbox() as sandbox:
        for file, code in ((b"no picture", FailureCode.TYPE), (pictures.jpeg() + bytes(15_000_000), "TOO_LARGE")):
            with pytest.raises(UnusablePicture) as refused:
                await sandbox.render(file)
            assert refused.value.code == code

        assert not sandbox._children


async def test_a_picture_that_needs_more_memory_than_it_may_is_too_large() -> None:
    large = pictures.png_bomb(width=6_320, height=6_000)

    async with Sandbox(size=1, limits=Limits(memory_bytes=220_000_000)) as sandbox:
        with pytest.raises(UnusablePicture) as refused:
            await sandbox.render(large)
        after = await sandbox.render(pictures.jpeg())

    assert refused.value.code is FailureCode.TOO_LARGE
    assert after.width == 400


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGSEGV, FailureCode.DAMAGED),
        (signal.SIGXCPU, FailureCode.TOO_LARGE),
        (signal.SIGABRT, FailureCode.TOO_LARGE),
        (signal.SIGKILL, FailureCode.INTERNAL),
    ],
)
async def test_a_child_that_dies_fails_its_picture_and_no_other(
    number: signal.Signals, code: FailureCode, temporary: Path
) -> None:
    async with Sandbox(size=1) as sandbox:
        async with interrupted(sandbox) as (pid, task):
            os.kill(pid, number)
            with suppress(ProcessLookupError):  # SIGKILL does not wait to be woken
                os.kill(pid, signal.SIGCONT)

            assert await refusal(task) is code
            assert not sandbox._children

        assert (await sandbox.render(pictures.jpeg())).width == 400
        assert pid_of(sandbox) != pid
    assert not names(temporary)


async def test_a_child_that_hangs_is_killed_when_its_time_is_over() -> None:
    async with Sandbox(size=1, wall_seconds=1) as sandbox, interrupted(sandbox) as (pid, task):
        assert await refusal(task) is FailureCode.INTERNAL

        assert not is_running(pid)


async def test_a_cancelled_caller_takes_the_child_along(temporary: Path) -> None:
    async with Sandbox(size=1) as sandbox:
        async with interrupted(sandbox) as (pid, task):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

            assert not is_running(pid)
            assert names(temporary / names(temporary)[0]) == ["lock"]

        assert (await sandbox.render(pictures.jpeg())).width == 400


async def test_a_child_that_died_while_idle_is_not_asked() -> None:
    async with Sandbox(size=1) as sandbox:
        await sandbox.render(pictures.jpeg())
        pid = pid_of(sandbox)
        process = next(iter(sandbox._children))._process
        assert process
        os.kill(pid, signal.SIGKILL)
        await process.wait()

        assert (await sandbox.render(pictures.jpeg())).width == 400


async def test_after_a_parent_killed_by_force_nothing_stays(temporary: Path) -> None:
    program = """
import asyncio, sys, tempfile
from jobs.sandbox import Sandbox
tempfile.tempdir = sys.argv[1]
async def main():
    async with Sandbox(size=1) as sandbox:
        await sandbox.render(bytes.fromhex(sys.stdin.readline()))
        print(next(iter(sandbox._children))._process.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(temporary)), stdin=-1, stdout=-1, cwd=ROOT
    )
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(pictures.jpeg().hex().encode() + b"\n")
    pid = int(await parent.stdout.readline())
    assert is_running(pid)

    parent.kill()
    await parent.wait()

    await until(lambda: not is_running(pid))
    assert names(temporary)
    async with Sandbox():
        assert len(names(temporary)) == 1
    assert not names(temporary)


async def test_another_living_sandbox_is_left_alone() -> None:
    async with Sandbox(size=1) as first, Sandbox(size=1) as second:
        assert (await first.render(pictures.jpeg())) == (await second.render(pictures.jpeg()))


def confined(program: str, limits: Limits, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a few lines in a process that has limited itself."""
    begin = "import json, os, sys; sys.path.insert(0, sys.argv[1]); from core.imaging import confine\n"
    begin += "is_offline = confine.confine(confine.Limits(**json.loads(sys.argv[2])), os.getppid())\n"
    command = [sys.executable, "-I", "-c", begin + program, str(ROOT), json.dumps(asdict(limits)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_confined_process_cannot_raise_its_limits() -> None:
    program = """
import resource
for kind, most in ((resource.RLIMIT_AS, 10**9), (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_CORE, 0)):
    assert resource.getrlimit(kind) == (most, most), kind
    if is_offline:
        try:
            resource.setrlimit(kind, (most + 1, most + 1))
        except ValueError:
            continue
        raise AssertionError(kind)
print("ok")
"""
    ended = confined(program, Limits(memory_bytes=10**9))

    assert ended.stdout == "ok\n", ended.stderr


def test_each_picture_has_its_own_cpu_seconds_within_those_of_the_child() -> None:
    program = """
import resource
confine.allow_cpu(7)
print(*resource.getrlimit(resource.RLIMIT_CPU))
confine.allow_cpu(100)
print(*resource.getrlimit(resource.RLIMIT_CPU))
"""
    ended = confined(program, Limits(cpu_seconds=7, pictures=2))

    assert ended.stdout == "8 21\n21 21\n", ended.stderr


def test_endless_work_ends_by_its_cpu_limit() -> None:
    ended = confined("confine.allow_cpu(1)\nwhile True: pass", Limits(cpu_seconds=1))

    assert ended.returncode == -signal.SIGXCPU


async def test_a_confined_process_reaches_no_network() -> None:
    program = """
import socket
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=5)
    print(is_offline, "connected")
except OSError:
    print(is_offline, "refused")
"""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ended = await asyncio.to_thread(confined, program, Limits(), str(port))

    assert ended.stdout in {"True refused\n", "False connected\n"}, ended.stderr


async def test_a_child_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APERTURE_SECRET_KEY", "not for children")

    async with Sandbox(size=1) as sandbox:
        await sandbox.render(pictures.jpeg())
        environment = read(f"/proc/{pid_of(sandbox)}/environ")

    assert "APERTURE" not in environment
    assert "PATH=" not in environment


def a_parcel(folder: Path) -> dict[str, object]:
    facts: dict[str, object] = json.loads(json.dumps(pack(render(pictures.jpeg()), folder)))
    return facts


def test_what_is_packed_is_unpacked(temporary: Path) -> None:
    assert unpack(a_parcel(temporary), temporary) == render(pictures.jpeg())


@pytest.mark.parametrize(
    "lie",
    [
        {"placeholder": "javascript:alert(1)"},
        {"dominant_color": "red"},
        {"blurhash": "<script>"},
        {"content_type": "text/html"},
        {"width": -1},
        {"height": "300"},
        {"renditions": None},
        {"renditions": [["GRID", "JPEG", 320, 240]] * 1000},
        {"renditions": [["../GRID", "JPEG", 1, 1]]},
        {"renditions": [["GRID", "JPEG", 320, 240], ["GRID", "JPEG", 320, 240]]},
        {"renditions": [["FULL", "JPEG", 320, 240]]},
    ],
    ids=json.dumps,
)
def test_a_child_taken_over_cannot_put_words_in_our_mouth(lie: dict[str, object], temporary: Path) -> None:
    facts = a_parcel(temporary)

    with pytest.raises((ValueError, OSError)):
        unpack(facts | lie, temporary)
    with pytest.raises(TypeError):
        unpack([lie], temporary)


def test_a_child_taken_over_cannot_hand_over_other_files(temporary: Path) -> None:
    facts = a_parcel(temporary)
    rendition = temporary / f"{ImageSize.GRID}.JPEG"

    rendition.unlink()
    rendition.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        unpack(facts, temporary)

    rendition.unlink()
    rendition.write_bytes(b"<html>")
    with pytest.raises(ValueError, match="another kind"):
        unpack(facts, temporary)

    rendition.unlink()
    os.mkfifo(rendition)
    with pytest.raises(ValueError, match="plain file"):
        unpack(facts, temporary)
