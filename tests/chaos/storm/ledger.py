"""The record of what clients requested, which requests were accepted, and what arrived; all threads share it."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.storm.written_values import WrittenValues

EXACTLY_ONCE = frozenset({"fifo", "scheduler"})
"""The kinds of work that are done once, however often they are requested, because a name identifies them."""
REPEATABLE = frozenset({"express", "http"})
"""The kinds of work that AWS may repeat: asynchronous express executions, and deliveries over HTTP."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A piece of work that a client requests."""

    kind: str
    name: str


@dataclass(slots=True)
class Figures:
    """The result of a storm."""

    kills: int = 0
    cuts: int = 0
    calls: int = 0
    """The number of acknowledged calls."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)
    """Work that was repeated and for which AWS, too, promises only at least once, by kind."""

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled or stuck."""
        return not (self.lost or self.doubled or self.stuck)


class Ledger:
    """The record of a storm's requests, acceptances and arrivals."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requested: Counter[WorkItem] = Counter()
        self._arrived: defaultdict[WorkItem, Counter[str]] = defaultdict(Counter)
        self.accepted: dict[WorkItem, str] = {}
        """The accepted work, with the ARN in the answer if there is one."""
        self.values = WrittenValues()
        self.calls = 0
        self.deleted: set[str] = set()
        """Messages whose deletion was acknowledged."""
        self.faults: list[str] = []
        """Errors that no kill explains."""

    def record_request(self, item: WorkItem) -> None:
        """Record a request, perhaps a repeated one."""
        with self._lock:
            self._requested[item] += 1

    def record_acceptance(self, item: WorkItem, arn: str = "") -> None:
        """Record that the engine acknowledged the work."""
        with self._lock:
            self.accepted[item] = arn

    def count_call(self) -> None:
        """Count an answered call."""
        with self._lock:
            self.calls += 1

    def record_arrival(self, item: WorkItem, identity: str) -> None:
        """Record an arrival for the work: a message with its identity."""
        with self._lock:
            self._arrived[item][identity] += 1

    def record_fault(self, fault: str) -> None:
        """Record an error that must not happen."""
        with self._lock:
            self.faults.append(fault)

    def was_requested(self, item: WorkItem) -> bool:
        """Return whether the work was requested, accepted or not."""
        with self._lock:
            return self._requested[item] > 0

    def count_requests(self, kind: str) -> int:
        """Return how often work of a kind was requested."""
        with self._lock:
            return sum(times for item, times in self._requested.items() if item.kind == kind)

    def accepted_items(self, *kinds: str) -> Iterator[tuple[WorkItem, str]]:
        """Return the accepted work of these kinds, with its ARNs."""
        with self._lock:
            return iter([(item, arn) for item, arn in self.accepted.items() if item.kind in kinds])

    def missing(self, *kinds: str) -> list[str]:
        """Return the accepted work of these kinds for which nothing arrived."""
        with self._lock:
            return [str(item) for item in self.accepted if item.kind in kinds and not self._arrived[item]]

    def count_duplicates(self, figures: Figures) -> None:
        """Count work that arrived more often than requested, and work that was repeated."""
        with self._lock:
            for item, identities in self._arrived.items():
                allowed = 1 if item.kind in EXACTLY_ONCE else self._requested[item]
                too_many = len(identities) - allowed
                if too_many > 0 and item.kind not in REPEATABLE:
                    figures.doubled.append(f"{item}: {len(identities)} came, {allowed} asked for")
                figures.repeated[item.kind] += (
                    max(0, too_many) * (item.kind in REPEATABLE) + identities.total() - len(identities)
                )
