"""`{ __typename }` through the whole transport, beside an application of a fixed text: `python -m bench.transport`."""

import argparse
import asyncio
import os
from contextlib import redirect_stderr
from pathlib import Path
from secrets import token_hex
from statistics import median
from typing import Any, Final

import httpx2
import orjson
import uvicorn

from aperture.api import build
from aperture.server import Server, configuration
from bench.serving import rate, serving
from bench.stage import stage
from core import telemetry
from core.settings import settings

TARGET: Final = 0.4
ANSWER: Final = b'{"data":{"__typename":"Query"}}'

_BODY: Final = orjson.dumps({"query": "{ __typename }"})
_SIGN_UP: Final = "mutation ($input: SignUpInput!) { it: signUp(input: $input) { tokens { accessToken } } }"


def main() -> None:
    """Print answers per CPU-second of the server process, signed out and signed in, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each kind of request is sent in a round")
    options = parser.parse_args()
    # One line is logged per request, as in production.
    with stage("transport"), Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        telemetry.configure("INFO")
        loops = uvicorn.Config(fixed).get_loop_factory()
        with asyncio.Runner(loop_factory=loops) as runner:
            runner.run(_compare(options.rounds, options.seconds))


async def _compare(rounds: int, seconds: float) -> None:
    app = build(settings())
    bare = uvicorn.Config(fixed, log_config=None, access_log=False, lifespan="off")
    async with (
        serving(uvicorn.Server(bare)) as fixed_port,
        serving(Server(configuration(app, settings()), app)) as port,
    ):
        token = await _token(port)
        kinds = {
            "a fixed text": (fixed_port, ""),
            "signed out": (port, ""),
            "signed in": (port, f"authorization: Bearer {token}\r\n"),
        }
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, (where, header) in kinds.items():
                rates[kind].append(await _rate(where, header, seconds))
    base = median(rates["a fixed text"])
    for kind, found in rates.items():
        print(f"{kind:<16}{median(found):>10,.0f} /CPU-s{median(found) / base:>8.2f}")
    print(f"the target is {TARGET:g}")


async def _rate(port: int, header: str, seconds: float) -> float:
    """Answers per CPU-second of this process."""
    request = f"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}"
    whole = f"{request}content-length: {len(_BODY)}\r\n\r\n".encode() + _BODY
    found, body = await rate(port, [whole], seconds)
    if body != ANSWER:
        raise RuntimeError(body)
    return found


async def fixed(_scope: Any, receive: Any, send: Any) -> None:
    """The least an ASGI application can do for a request with a body."""
    await receive()
    length = str(len(ANSWER)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def _token(port: int) -> str:
    """The access token of somebody new, as soon as the process has caught up with its own start."""
    name = f"b{token_hex(8)}"
    given = {"handle": name, "email": f"{name}@example.org", "password": "a long walk by the sea"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        while True:
            answer = await http.post("/graphql", json={"query": _SIGN_UP, "variables": {"input": given}})
            if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                return str(answer.json()["data"]["it"]["tokens"]["accessToken"])
            await asyncio.sleep(int(answer.headers["retry-after"]))


if __name__ == "__main__":
    main()
