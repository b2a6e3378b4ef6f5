"""Drives a headless Chromium by the DevTools protocol: opens pages, clicks, reads, and notes every request."""

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
)
LONGEST_FRAME = 64 * 1024 * 1024
PATIENCE_MS = 20_000


def program() -> str | None:
    """The path of the installed browser, none if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One running browser and the socket to it; every answer and event comes in through `read`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._following: set[asyncio.Task[None]] = set()

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; a refusal of the browser is a RuntimeError."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        message = {"id": number, "method": method, "params": params}
        await self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        return await answer

    @asynccontextmanager
    async def page(self) -> AsyncIterator["Page"]:
        """A page with storage of its own, closed afterwards."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        session = (await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        page = Page(self, session)
        await self._watch(session, page)
        try:
            yield page
        finally:
            await self.call("Target.disposeBrowserContext", browserContextId=context)

    async def read(self) -> None:
        """Hand on what the browser says until it goes away; whoever still waits for it then is told so."""
        try:
            async for text in self._socket:
                self._hear(json.loads(text))
        finally:
            for answer in self._answers.values():
                answer.cancel()

    def _hear(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._settle(message)
        elif page := self._pages.get(message.get("sessionId", "")):
            page.note(message["method"], message["params"])
            if message["method"] == "Target.attachedToTarget":
                self._follow(message["params"]["sessionId"], page)

    def _settle(self, message: dict[str, Any]) -> None:
        answer = self._answers.pop(message["id"])
        if answer.cancelled():
            return
        if "error" in message:
            answer.set_exception(RuntimeError(message["error"]["message"]))
        else:
            answer.set_result(message["result"])

    def _follow(self, session: str, page: "Page") -> None:
        """Note the requests of a worker with those of its page; it waits until it is watched."""
        task = asyncio.ensure_future(self._watch(session, page))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _watch(self, session: str, page: "Page") -> None:
        self._pages[session] = page
        for domain in ("Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable", session)
        attach = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        await self.call("Target.setAutoAttach", session, **attach)
        await self.call("Runtime.runIfWaitingForDebugger", session)


class Page:
    """One page: `requests` holds every address it asked for, `problems` what its console complained about."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        self.requests: list[str] = []
        self.problems: list[str] = []

    async def open(self, url: str) -> None:
        await self._call("Page.enable")
        await self._call("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression, awaited if it is a promise; its exception is a RuntimeError."""
        answer = await self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", answer))
        return answer["result"].get("value")

    async def until(self, expression: str, *, patience_ms: int = PATIENCE_MS) -> Any:
        """The value of a JavaScript expression once it is truthy, looked at in every frame; a TimeoutError if never."""
        found = await self.evaluate(
            f"""new Promise((resolve) => {{
                const end = performance.now() + {patience_ms};
                const look = () => {{
                    const value = {expression};
                    if (value || performance.now() > end) resolve(value ? [value] : []);
                    else requestAnimationFrame(look);
                }};
                look();
            }})"""
        )
        if not found:
            raise TimeoutError(expression)
        return found[0]

    async def click(self, selector: str) -> None:
        """Press the mouse on the middle of an element once the page has come and the element stands still."""
        point = await self.until(
            f"""(() => {{
                const element = document.querySelector({json.dumps(selector)});
                if (!element || document.readyState !== 'complete') return null;
                element.scrollIntoView({{ block: 'nearest' }});
                const {{ x, y, width, height }} = element.getBoundingClientRect();
                const before = element.place;
                element.place = `${{x}} ${{y}} ${{width}} ${{height}}`;
                return before === element.place && {{ x: x + width / 2, y: y + height / 2 }};
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **point)

    async def resize(self, width: int, height: int) -> None:
        await self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True
        )

    def note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Runtime.exceptionThrown":
                self.problems.append(json.dumps(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._browser.call(method, self._session, **params)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Browser]:
    """A browser with a fresh profile in `folder`, ended afterwards."""
    path = program()
    if path is None:
        raise FileNotFoundError("No Chromium is installed.")
    process = await asyncio.create_subprocess_exec(
        path,
        *FLAGS,
        f"--user-data-dir={folder}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"HOME": str(folder)},
    )
    address = await _address(process)
    chatter = asyncio.ensure_future(process.communicate())
    try:
        async with connect(address, max_size=LONGEST_FRAME, proxy=None) as socket:
            browser = Browser(socket)
            reading = asyncio.ensure_future(browser.read())
            try:
                yield browser
            finally:
                reading.cancel()
    finally:
        process.terminate()
        await chatter


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the browser listens, which it says among the first lines of its log."""
    assert process.stderr is not None
    said = []
    async for line in process.stderr:
        said.append(line.decode(errors="replace"))
        if found := re.search(r"ws://\S+", said[-1]):
            return found[0]
    raise RuntimeError("Chromium ended at once: " + "".join(said))
