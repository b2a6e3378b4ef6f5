"""Metrics for the hot path: one thread writes, so nothing is locked, and a value costs a third of a microsecond."""

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry


class Tally:
    """How many values lie below each bound, and what they amount to; only the event loop's thread may write."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @contextmanager
    def time(self) -> Iterator[None]:
        """Count the seconds that the block takes, however it ends."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.observe(time.perf_counter() - began)

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """The values at most as large as each bound, and the sum of all; any thread may ask."""
        counts, total = list(self._counts), self._sum
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(counts), strict=True)), total


class Count:
    """How often something happened; only the event loop's thread may write."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        """Count one more."""
        self.value += 1


class Counter(Collector):
    """Counts under one name, by the values of its labels."""

    def __init__(self, name: str, words: str, labels: Sequence[str], *, registry: CollectorRegistry) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._counts: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def labels(self, *values: str) -> Count:
        """The count for these values of the labels."""
        count = self._counts.get(values)
        if count is None:
            count = self._counts[values] = Count()
        return count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus reads."""
        family = CounterMetricFamily(self._name, self._words, labels=self._labels)
        for values, count in list(self._counts.items()):
            family.add_metric(values, count.value)
        yield family


class Histogram(Collector):
    """Tallies under one name, by the values of its labels."""

    def __init__(
        self, name: str, words: str, labels: Sequence[str], *, registry: CollectorRegistry, buckets: Iterable[float]
    ) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._bounds: Final = tuple(buckets)
        self._tallies: dict[tuple[str, ...], Tally] = {}
        if not labels:
            self.labels()
        registry.register(self)

    def labels(self, *values: str) -> Tally:
        """The tally for these values of the labels."""
        tally = self._tallies.get(values)
        if tally is None:
            tally = self._tallies[values] = Tally(self._bounds)
        return tally

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What Prometheus reads."""
        family = HistogramMetricFamily(self._name, self._words, labels=self._labels)
        for values, tally in list(self._tallies.items()):
            buckets, total = tally.read()
            family.add_metric(values, buckets, total)
        yield family
