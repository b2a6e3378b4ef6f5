"""What the reference executor leaves behind goes with the tests that know of it."""

import gc
from collections.abc import Iterator

import pytest

ABANDONED = ("ignore:coroutine .* was never awaited:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
"""The reference executor leaves coroutines behind when a field beside them fails."""


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """Let go of coroutines that were never awaited, while their warnings are still expected."""
    yield
    gc.collect()
