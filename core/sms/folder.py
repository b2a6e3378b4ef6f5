"""Text messages that go no further than a folder."""

import orjson

from core.letterbox import Letterbox
from core.sms.port import Sms


class FolderTexter:
    """Keeps text messages as JSON."""

    def __init__(self, box: Letterbox) -> None:
        self._box = box

    async def send(self, sms: Sms) -> None:
        await self._box.put(sms.key, "sms", orjson.dumps({"to": sms.to, "text": sms.text}))
