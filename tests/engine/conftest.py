"""What the reference executor leaves behind goes with the tests that know of it."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """Let go of coroutines that were never awaited, while their warnings are still expected."""
    yield
    gc.collect()
