"""Mail that goes no further than a folder."""

from core.letterbox import Letterbox
from core.mail.message import compose
from core.mail.port import Mail


class FolderMailer:
    """Keeps mails as they would have travelled."""

    def __init__(self, box: Letterbox, sender: str) -> None:
        self._box = box
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        await self._box.put(mail.key, "eml", compose(mail, self._sender).as_bytes())
