"""What loaders are asked for, and how much of it they knew already."""

from collections.abc import Sequence
from typing import Any, cast

from loaders.base import Loaders, Scope, hits


async def doubled(_: Scope, keys: Sequence[int]) -> list[int]:
    return [2 * key for key in keys]


def loaders() -> Loaders:
    return Loaders(cast("Any", None))


async def test_a_key_that_is_known_is_a_hit() -> None:
    asked = loaders()
    asked.prime(doubled, {7: 14})

    with hits() as count:
        assert await asked.load(doubled, [1, 2, 1, 7]) == [2, 4, 2, 14]
        assert await asked.one(doubled, 2) == 4

    assert (count.asked, count.read, count.count) == (5, 2, 3)


async def test_new_loaders_are_counted_with_the_old_ones() -> None:
    with hits() as count:
        await loaders().load(doubled, [1])
        await loaders().load(doubled, [1])

    assert (count.asked, count.count) == (2, 0)
