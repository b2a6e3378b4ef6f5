"""Where a development machine keeps its state, and what its processes are told."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from aperture.servers import Servers

HOST = "127.0.0.1"
DATABASE = "aperture"
_YEAR_IN_DAYS = 365
# What a developer may have set for another installation: here it would lead our processes there.
_ELSEWHERE = ("REPLICA_URL", "QUEUE_REDIS_URL", "S3_", "APERTURE_MAIL_", "APERTURE_SMS_")


@dataclass(frozen=True)
class Site:
    """One checkout that runs: its state below `folder`, its API on `port`."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    @property
    def letterbox(self) -> Path:
        """Mails and text messages, which `/dev/mail` shows."""
        return self.folder / "letterbox"

    @property
    def people_file(self) -> Path:
        """Written at the very end of seeding: people with their passwords and tokens."""
        return self.folder / "people.json"

    def environment(self, servers: Servers) -> dict[str, str]:
        """What an operator would set, on top of what the developer has set; tokens live long enough to be kept."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_ELSEWHERE)}
        return {
            "APERTURE_ACCESS_TOKEN_SECONDS": str(_YEAR_IN_DAYS * 24 * 3600),
            "APERTURE_SESSION_DAYS": str(_YEAR_IN_DAYS),
            **inherited,
            "APERTURE_ENVIRONMENT": "development",
            "APERTURE_HOST": HOST,
            "APERTURE_MAIL_FOLDER": str(self.letterbox),
            "APERTURE_PEOPLE_FILE": str(self.people_file),
            "APERTURE_PORT": str(self.port),
            "APERTURE_PUBLIC_URL": self.url,
            "APERTURE_SECRET_KEY": self._secret(),
            "APERTURE_STORAGE_PATH": str(self.objects),
            "DATABASE_URL": servers.postgres.url(DATABASE),
            "REDIS_URL": servers.valkey.url,
            "PYTHONUNBUFFERED": "1",
        }

    def _secret(self) -> str:
        file = self.folder / "secret"
        if not file.exists():
            file.touch(mode=0o600)
        if not file.read_text():
            file.write_text(secrets.token_urlsafe(48))
        return file.read_text()
