"""The installation's secret, as an operator changes it."""

from collections.abc import Callable, Iterator

import pytest

from core import paging, sealing
from core.settings import settings

OLD, NEW = "the secret until now, long enough to be one", "the secret from now on, long enough to be one"

Change = Callable[..., None]


@pytest.fixture
def change_secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """Makes this process one that was started with a secret and the ones before it."""

    def forget() -> None:
        for remembered in (settings, sealing.derived_keys, paging._ciphers):
            remembered.cache_clear()

    def change(secret: str, *previous: str) -> None:
        monkeypatch.setenv("APERTURE_SECRET_KEY", secret)
        monkeypatch.setenv("APERTURE_PREVIOUS_SECRET_KEYS", str(list(previous)).replace("'", '"'))
        forget()

    yield change
    monkeypatch.undo()
    forget()
