"""The connections one process holds to PostgreSQL, Redis and the object store."""

from dataclasses import dataclass, field

from core.buckets import Buckets
from core.db import Database
from core.pubsub import PubSub
from core.redis import Cache
from core.settings import Settings
from core.storage import ObjectStore, open_store
from core.tokens import TokenMemory


@dataclass(frozen=True, slots=True)
class Backends:
    """Opened once per process and shared by everything in it; nothing connects before its first use."""

    settings: Settings
    db: Database
    cache: Cache
    buckets: Buckets
    pubsub: PubSub
    store: ObjectStore
    tokens: TokenMemory = field(default_factory=TokenMemory)

    @classmethod
    def open(cls, settings: Settings) -> "Backends":
        """Connections by the settings."""
        cache, db = Cache.from_url(settings.redis_url), Database.connect(settings)
        cache.show()
        db.show()
        return cls(
            settings=settings,
            db=db,
            cache=cache,
            buckets=Buckets(cache),
            pubsub=PubSub(settings.redis_url),
            store=open_store(settings),
        )

    async def aclose(self) -> None:
        """Close what was opened."""
        await self.tokens.settled()
        await self.pubsub.aclose()
        await self.cache.aclose()
        await self.db.aclose()
        await self.store.aclose()
