"""Servers on free ports of this process, and how many answers they give for its CPU time while another process asks."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvicorn


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncIterator[int]:
    """The port of a server while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def rate(port: int, requests: Sequence[bytes], seconds: float) -> tuple[float, bytes]:
    """Answers per CPU-second of this process to requests sent in turns, and the body of one."""
    program = [sys.executable, "-m", "bench.load", str(port), str(seconds)]
    pipe = asyncio.subprocess.PIPE
    client = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe)
    began = time.process_time()
    told, _ = await client.communicate(b"\0".join(requests))
    took = time.process_time() - began
    answers, _, body = told.strip().partition(b"\n")
    return int(answers) / took, body
