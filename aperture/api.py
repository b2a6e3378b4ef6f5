"""The API process: the graph, the transports and the pages beside them, joined by the settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Final

from sqlalchemy import text

from aperture import metrics, migrate, server
from aperture.admission import Admission
from aperture.asgi import Application, Parts, application
from aperture.auth import authenticator, jwks_routes, looker
from aperture.callers import Api, RequestInfo
from aperture.cookies import Cookies
from aperture.execution import Graph
from aperture.graphiql import graphiql_routes
from aperture.graphql import schema
from aperture.health import Health
from aperture.letterbox import letterbox_routes
from aperture.news import News, hear
from aperture.origins import Origins
from aperture.persisted import Manifest, Persisted
from aperture.prices import Prices
from aperture.reference import reference_routes
from aperture.storage_routes import storage_routes
from core import locations, telemetry, tracing
from core.backends import Backends
from core.bell import OutboxBell
from core.db import Database
from core.ending import end
from core.errors import Unavailable
from core.settings import Settings
from core.storage.local import LocalStorage
from core.viewer import Viewer
from schema import budget, contract
from schema.context import Context
from services import outbox, periodic

CLOCK_SECONDS: Final = 60.0

log = telemetry.logger(__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    telemetry.configure(settings.log_level, shows_messages=settings.is_development)
    end_tracing = tracing.configure("aperture-api")
    try:
        server.run(build(settings), settings)
    finally:
        end_tracing()


def build(settings: Settings) -> Application:
    """The application; nothing connects before its lifespan begins."""
    if settings.is_development:
        contract.require_agreement(schema)
    if settings.location_database is not None:
        locations.reader(settings.location_database)
    backends = Backends.open(settings)
    beside = Database.beside(settings)
    health = _health(backends, beside)
    news = News()
    routes = [*jwks_routes(backends), *graphiql_routes(settings), *reference_routes(settings)]
    routes += letterbox_routes(settings)
    if isinstance(backends.store, LocalStorage):
        routes += storage_routes(backends.store)
    return application(
        Parts(
            api=Api(
                graph=_graph(backends),
                authenticate=authenticator(backends),
                look=looker(backends),
                contexts=partial(_context, backends),
                news=news,
                cookies=Cookies.of(settings),
            ),
            health=health,
            origins=Origins.of(settings),
            routes=routes,
            lifespan=partial(_lifespan, backends, health, beside, news),
            is_secure=settings.public_url.startswith("https://"),
            limits=settings.limits,
        )
    )


def _graph(backends: Backends) -> Graph:
    return Graph(
        schema._schema,  # noqa: SLF001 - no other way to graphql-core
        allows_introspection=backends.settings.serves_introspection,
        persisted=_persisted(backends),
        prices=Prices.of(contract.contract()),
        spend=budget.spend,
        spend_reading=budget.read,
        admission=_admission(backends),
        bounds=backends.settings.limits,
    )


def _admission(backends: Backends) -> Admission:
    limits = backends.settings.limits
    admission = Admission(limits.operations_running, limits.operations_waiting, backends.overload)
    admission.show()
    return admission


def _persisted(backends: Backends) -> Persisted:
    path = backends.settings.documents
    manifest = Manifest.read(path) if path is not None else None
    return Persisted(backends.settings.documents_mode, manifest, backends.cache)


def _context(backends: Backends, viewer: Viewer, caller: RequestInfo) -> Context:
    context = Context(backends, viewer, request_id=caller.request_id, accept=caller.accept)
    context.jar = caller.jar
    context.last_event_id = caller.last_event_id or None
    return context


@asynccontextmanager
async def _lifespan(backends: Backends, health: Health, beside: Database, news: News) -> AsyncIterator[None]:
    """Follow the clock and the news, ring for the relay, show the metrics, and close everything in the end."""
    bell = OutboxBell(backends.settings.database_url)
    outbox.hang(bell)
    loops = [asyncio.create_task(loop) for loop in (_follow_clock(backends), backends.lag.run(), hear(backends, news))]
    try:
        async with metrics.shown(backends.settings):
            yield
    finally:
        await end(*loops)
        outbox.hang(None)
        await health.settled()
        async with AsyncExitStack() as stack:
            for close in (backends.aclose, beside.aclose, bell.aclose):
                stack.push_async_callback(close)


async def _follow_clock(backends: Backends) -> None:
    while True:
        try:
            with suppress(Unavailable):
                await backends.db.measure_clock()
        except Exception as error:
            log.exception("clock not measured", exc_info=error)
        await asyncio.sleep(CLOCK_SECONDS)


def _health(backends: Backends, beside: Database) -> Health:
    """PostgreSQL with current tables is needed; the rest is listed, and may come and go.

    It is asked on a connection of its own: a process whose other connections are all in use is not sick.
    """
    newest = migrate.newest()

    async def tables_are_current() -> None:
        async with beside.reading(fresh=True) as db:
            if await db.scalar(text("select version_num from alembic_version")) != newest:
                raise LookupError("the tables are not current: run `aperture migrate`")

    async def redis_answers() -> None:
        await backends.cache.server_run_id()

    async def store_answers() -> None:
        await backends.store.head("incoming/health")

    async def worker_lives() -> None:
        async with beside.reading(fresh=True) as db:
            if not await periodic.has_worker(db):
                raise LookupError("no worker has given a sign of life")

    return Health(
        required={"database": tables_are_current},
        optional={"redis": redis_answers, "store": store_answers, "worker": worker_lives},
        shows_parts=backends.settings.environment != "production",
    )
