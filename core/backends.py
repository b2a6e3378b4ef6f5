"""The connections one process holds to PostgreSQL, Redis, the object store and services outside."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from core.buckets import Buckets
from core.captcha import Captcha, open_captcha
from core.db import Database
from core.loop_lag import LoopLag
from core.openid import OpenId
from core.outbound import Outbound
from core.overload import Overload
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
    lag: LoopLag
    overload: Overload
    outbound: Outbound
    openid: OpenId
    captcha: Captcha | None = None
    tokens: TokenMemory = field(default_factory=TokenMemory)

    @classmethod
    def open(cls, settings: Settings) -> "Backends":
        """Connections by the settings."""
        cache, db, lag = Cache.from_url(settings.redis_url), Database.connect(settings), LoopLag()
        outbound = Outbound(reaches_inside=settings.environment != "production")
        cache.show()
        db.show()
        return cls(
            settings=settings,
            db=db,
            cache=cache,
            buckets=Buckets(cache),
            pubsub=PubSub(settings.redis_url),
            store=open_store(settings),
            lag=lag,
            overload=Overload(lag.standing, db.longest_wait, patience_seconds=settings.limits.patience_seconds),
            captcha=open_captcha(settings),
            outbound=outbound,
            openid=OpenId(outbound),
        )

    async def aclose(self) -> None:
        """Close what was opened; what fails keeps nothing else open, and is raised in the end."""
        async with AsyncExitStack() as stack:
            for close in (
                self.outbound.aclose,
                self.store.aclose,
                self.db.aclose,
                self.cache.aclose,
                self.pubsub.aclose,
            ):
                stack.push_async_callback(close)
            await self.tokens.settled()
