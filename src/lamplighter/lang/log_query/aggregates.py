"""Compute the aggregates of `stats` over the rows of a group, with bounded memory.

Guarantees exact results, except those of large groups: `count_distinct` estimates from the smallest hashes beyond
`MAX_HASHES` different values, and percentiles and the median are taken from a sample beyond `MAX_SAMPLE` values. AWS
says the same of its own: "for fields that have very high cardinality … the value returned is an approximation". See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html.
"""

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Protocol

from lamplighter.lang.log_query.values import Instant, Value, from_number, sort_key, to_number, to_text

MAX_HASHES = 16_384
MAX_SAMPLE = 65_536
_HASH_SPACE = 2.0**64


class Aggregate(Protocol):
    """The state of one aggregate of one group."""

    def add(self, value: Value, time: int) -> None:
        """Take the value of one more row, and the time of its event."""

    def result(self) -> Value:
        """Return the aggregate of all values so far, or None if there is none."""


@dataclass(slots=True)
class Count:
    """`count(*)` and `count(field)`, which counts the rows that have the field."""

    number: int = 0

    def add(self, value: Value, time: int) -> None:
        """Count a row with a value."""
        del time
        self.number += value is not None

    def result(self) -> Value:
        """Return the number."""
        return self.number


@dataclass(slots=True)
class CountDistinct:
    """`count_distinct(field)`: exact up to `MAX_HASHES` values, then an estimate from the smallest hashes."""

    hashes: set[int] = field(default_factory=set)
    heap: list[int] = field(default_factory=list)
    """The same hashes, negated: the largest is first."""

    def add(self, value: Value, time: int) -> None:
        """Note a value."""
        del time
        if value is None:
            return
        digest = blake2b(to_text(value).encode(errors="replace"), digest_size=8).digest()
        hashed = int.from_bytes(digest, "big")
        if hashed in self.hashes:
            return
        if len(self.heap) < MAX_HASHES:
            heappush(self.heap, -hashed)
            self.hashes.add(hashed)
        elif hashed < -self.heap[0]:
            self.hashes.discard(-heappushpop(self.heap, -hashed))
            self.hashes.add(hashed)

    def result(self) -> Value:
        """Return the number of different values."""
        if len(self.heap) < MAX_HASHES:
            return len(self.heap)
        return round((MAX_HASHES - 1) / (-self.heap[0] / _HASH_SPACE))


@dataclass(slots=True)
class Numbers:
    """`sum`, `avg` and `stddev`: sums of the numbers among the values."""

    finish: Callable[["Numbers"], float]
    count: int = 0
    total: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    """The sum of the squares of the differences from the mean."""

    def add(self, value: Value, time: int) -> None:
        """Add a number."""
        del time
        number = to_number(value)
        if number is None:
            return
        self.count += 1
        self.total += number
        difference = number - self.mean
        self.mean += difference / self.count
        self.squares += difference * (number - self.mean)

    def result(self) -> Value:
        """Return the result, or None if no value was a number."""
        return from_number(self.finish(self)) if self.count else None


def _deviation(numbers: Numbers) -> float:
    return math.sqrt(numbers.squares / (numbers.count - 1)) if numbers.count > 1 else 0.0


@dataclass(slots=True)
class Extreme:
    """`min` and `max` of numbers, `sortsFirst` and `sortsLast` of all values, `earliest` and `latest` in time."""

    key: Callable[[Value, int], tuple[float | str, ...] | None]
    """The place of a value in the order, or None for a value that does not count."""
    wants_last: bool
    best: tuple[tuple[float | str, ...], Value] | None = None

    def add(self, value: Value, time: int) -> None:
        """Keep a value that is the first or the last so far."""
        place = None if value is None else self.key(value, time)
        if place is None:
            return
        if self.best is None or (place > self.best[0] if self.wants_last else place < self.best[0]):
            self.best = (place, value)

    def result(self) -> Value:
        """Return the value."""
        value = None if self.best is None else self.best[1]
        return int(value) if isinstance(value, Instant) else value


def _number_place(value: Value, _time: int) -> tuple[float | str, ...] | None:
    number = to_number(value)
    return None if number is None else (number,)


def _sort_place(value: Value, _time: int) -> tuple[float | str, ...] | None:
    return sort_key(value)


def _time_place(_value: Value, time: int) -> tuple[float | str, ...] | None:
    return (float(time),)


@dataclass(slots=True)
class Percentile:
    """`pct` and `median`: of all values up to `MAX_SAMPLE`, then of every second, fourth … value."""

    percent: float
    sample: "array[float]" = field(default_factory=lambda: array("d"))
    every: int = 1
    seen: int = 0

    def add(self, value: Value, time: int) -> None:
        """Take a number into the sample."""
        del time
        number = to_number(value)
        if number is None:
            return
        if self.seen % self.every == 0:
            self.sample.append(number)
        self.seen += 1
        if len(self.sample) == MAX_SAMPLE:
            self.sample = self.sample[::2]
            self.every *= 2

    def result(self) -> Value:
        """Return the value below which so many percent of the values are, between two values in proportion."""
        if not self.sample:
            return None
        ordered = sorted(self.sample)
        place = (len(ordered) - 1) * self.percent / 100
        below = ordered[int(place)]
        above = ordered[min(int(place) + 1, len(ordered) - 1)]
        return from_number(below + (above - below) * (place - int(place)))


AGGREGATES: Mapping[str, Callable[[], Aggregate]] = {
    "count": Count,
    "count_distinct": CountDistinct,
    "sum": lambda: Numbers(lambda numbers: numbers.total),
    "avg": lambda: Numbers(lambda numbers: numbers.total / numbers.count),
    "stddev": lambda: Numbers(_deviation),
    "min": lambda: Extreme(_number_place, wants_last=False),
    "max": lambda: Extreme(_number_place, wants_last=True),
    "earliest": lambda: Extreme(_time_place, wants_last=False),
    "latest": lambda: Extreme(_time_place, wants_last=True),
    "sortsfirst": lambda: Extreme(_sort_place, wants_last=False),
    "sortslast": lambda: Extreme(_sort_place, wants_last=True),
    "median": lambda: Percentile(50),
}
"""The aggregates of one field by their names in lower case; `pct` takes a number, too."""
PERCENTILES = ("pct", "percentile")
