"""The mails that people were sent, read as they read them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import orjson

from core import clock
from core.letterbox import Letterbox
from jobs.base import JobContext
from jobs.relay import Sweeper, by_name, relay
from jobs.routes import ROUTES
from services import tasks


@dataclass(frozen=True, slots=True)
class Mails:
    """The letterbox of a test, and the worker that fills it."""

    ctx: JobContext

    async def sent(self, to: str | None = None) -> list[EmailMessage]:
        """What a person was sent, or anybody, after all that follows from what has happened; the newest first."""
        found = [message_from_bytes(each, policy=default) for each in await self._kept("eml")]
        return [each for each in found if to is None or each["To"] == to]

    async def subjects(self, to: str | None = None) -> list[str]:
        """What the mails are about, without the name of the installation."""
        return [str(each["Subject"]).partition(": ")[2] for each in await self.sent(to)]

    async def code(self, to: str, about: str) -> str:
        """The code in the newest mail to a person whose subject has these words."""
        found = next(each for each in await self.sent(to) if about in each["Subject"])
        codes: list[str] = re.findall(r"^[a-z]{3}_[\w=-]+$", text(found), re.MULTILINE)
        assert codes
        return codes[0]

    async def texts(self) -> list[dict[str, str]]:
        """The text messages that anybody was sent, the newest first."""
        return [orjson.loads(each) for each in await self._kept("sms")]

    async def _kept(self, kind: str) -> list[bytes]:
        await self._work()
        folder = self.ctx.settings.letterbox
        assert folder
        box = Letterbox(folder)
        contents = [await box.read(name) for name in await box.names() if name.endswith(f".{kind}")]
        return [each for each in contents if each is not None]

    async def _work(self) -> None:
        sweeper = Sweeper(self.ctx, by_name(ROUTES))
        while await relay(self.ctx, ROUTES) or await self._has_tasks():
            with clock.frozen(clock.now() + tasks.HINT_TIME + timedelta(seconds=1)):
                await sweeper.sweep()
                await sweeper.finish(20)

    async def _has_tasks(self) -> bool:
        async with self.ctx.db.reading(fresh=True) as db:
            return bool(await tasks.waiting(db))


def text(message: EmailMessage) -> str:
    """What the reader of a mail sees."""
    body = message.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")
