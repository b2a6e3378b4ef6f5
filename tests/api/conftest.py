"""The API process that a test's operations go to, and clients of it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from aperture.worker import job_context
from core.backends import Backends
from core.settings import Settings
from core.viewer import Viewer
from tests.client import Client, serving
from tests.factories.mails import Mails
from tests.factories.sessions import enter

SignIn = Callable[[Viewer], Awaitable[Client]]


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Client]:
    """A client that is signed out."""
    async with serving(config) as client:
        yield client


@pytest.fixture
async def mails(config: Settings, api: Client) -> AsyncIterator[Mails]:
    """What people are sent; its worker ends before the API does."""
    async with job_context(config) as ctx:
        yield Mails(ctx)


@pytest.fixture
def sign_in(api: Client, backends: Backends) -> SignIn:
    """Gives a person a client."""

    async def client_of(person: Viewer) -> Client:
        return api.signed_in((await enter(backends, person.user_id)).access_token)

    return client_of


@pytest.fixture
async def client(sign_in: SignIn, ana: Viewer) -> Client:
    """Ana's client."""
    return await sign_in(ana)
