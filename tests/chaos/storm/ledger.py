"""What customers asked for, what they were told, and what came of it; shared by all their threads."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

ONCE = frozenset({"fifo", "scheduler"})
"""What comes once, however often it is asked for: it has a name by which it is known again."""
AGAIN = frozenset({"express", "http"})
"""What AWS may do again: asynchronous express executions, and deliveries over HTTP."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that a customer asks for."""

    kind: str
    name: str


@dataclass(slots=True)
class Figures:
    """The result of a storm."""

    kills: int = 0
    cuts: int = 0
    calls: int = 0
    """Those that were acknowledged."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    """What AWS too promises no more than at least once, and came more than once."""

    @property
    def good(self) -> bool:
        """Whether all promises were kept."""
        return not (self.lost or self.doubled or self.stuck)


class Ledger:
    """The customers' book."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: Counter[Wish] = Counter()
        self._arrived: defaultdict[Wish, Counter[str]] = defaultdict(Counter)
        self.accepted: dict[Wish, str] = {}
        """What was acknowledged, and the ARN that the answer named, if it did."""
        self.calls = 0
        self.deleted: set[str] = set()
        """Messages whose deletion was acknowledged."""
        self.faults: list[str] = []
        """Answers that no kill explains."""

    def ask(self, wish: Wish) -> None:
        """A customer asks, perhaps for the second time."""
        with self._lock:
            self._asked[wish] += 1

    def accept(self, wish: Wish, arn: str = "") -> None:
        """A customer was told that it is done."""
        with self._lock:
            self.accepted[wish] = arn

    def count(self) -> None:
        """One more call was answered."""
        with self._lock:
            self.calls += 1

    def arrive(self, wish: Wish, identity: str) -> None:
        """Something came of it: a message with an identity of its own."""
        with self._lock:
            self._arrived[wish][identity] += 1

    def blame(self, fault: str) -> None:
        """Take down what should not have happened."""
        with self._lock:
            self.faults.append(fault)

    def names(self, *kinds: str) -> Iterator[tuple[Wish, str]]:
        """What was acknowledged of some kinds."""
        with self._lock:
            return iter([(wish, arn) for wish, arn in self.accepted.items() if wish.kind in kinds])

    def missing(self, *kinds: str) -> list[str]:
        """What was acknowledged, and nothing has come of it."""
        with self._lock:
            return [str(wish) for wish in self.accepted if wish.kind in kinds and not self._arrived[wish]]

    def settle(self, figures: Figures) -> None:
        """Count what came more often than it was asked for, and what came again."""
        with self._lock:
            for wish, identities in self._arrived.items():
                allowed = 1 if wish.kind in ONCE else self._asked[wish]
                too_many = len(identities) - allowed
                if too_many > 0 and wish.kind not in AGAIN:
                    figures.doubled.append(f"{wish}: {len(identities)} came, {allowed} asked for")
                figures.again[wish.kind] += (
                    max(0, too_many) * (wish.kind in AGAIN) + identities.total() - len(identities)
                )
