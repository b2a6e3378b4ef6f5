"""A child process that is told lines and answers lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Talk:
    """Both ends of the lines to a process."""

    def __init__(self, pid: int, speech: asyncio.StreamWriter, hearing: asyncio.StreamReader) -> None:
        self.pid = pid
        self._speech = speech
        self._hearing = hearing

    def say(self, line: str) -> None:
        self._speech.write(f"{line}\n".encode())

    async def hear(self) -> str:
        """The next line, empty at the end."""
        return (await self._hearing.readline()).decode().strip()


@asynccontextmanager
async def talk(*command: str, cwd: Path) -> AsyncIterator[Talk]:
    """Run a program that ends when its input does."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdin=pipe, stdout=pipe, limit=2**24)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipes to the child")
    try:
        yield Talk(process.pid, process.stdin, process.stdout)
    finally:
        process.stdin.close()
        await process.wait()
