"""Remember the last events of each account and region, and the rules that matched them, for the console.

Guarantees a bound on the number of events and of their characters, all in memory. This is not a record: it begins when
the engine starts, and may contain an event whose transaction was lost. Archives keep events.

The bus has the operation ListTraffic for this list. AWS's models do not have it, so HTTP requests cannot call it.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.store.db import Reader

EVENTS, CHARACTERS, PLACES = 200, 1_000_000, 16


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """An event that came to a bus."""

    number: int
    """The number of the event in this engine; later events have higher numbers."""
    time: int
    """When the event came, in milliseconds since the epoch."""
    bus: str
    text: str
    rules: tuple[str, ...]
    """The ARNs of the rules that sent the event to their targets."""


@dataclass(slots=True)
class RecentEventList:
    """The events of one account and region, oldest first."""

    seen: deque[RecentEvent] = field(default_factory=deque)
    characters: int = 0

    def add(self, seen: RecentEvent) -> None:
        """Add an event, and drop the oldest events if the limits are passed."""
        self.seen.append(seen)
        self.characters += len(seen.text)
        while len(self.seen) > EVENTS or self.characters > CHARACTERS:
            self.characters -= len(self.seen.popleft().text)


@dataclass(slots=True)
class RecentEvents:
    """The recent events of one engine."""

    lanes: OrderedDict[Caller, RecentEventList] = field(default_factory=OrderedDict)
    last: int = 0

    def add(self, caller: Caller, time: int, bus: str, text: str, rules: Sequence[str]) -> None:
        """Record an event that came to a bus."""
        self.last += 1
        self.lanes.setdefault(caller, RecentEventList()).add(RecentEvent(self.last, time, bus, text, tuple(rules)))
        self.lanes.move_to_end(caller)
        if len(self.lanes) > PLACES:
            self.lanes.popitem(last=False)

    def list(self, _reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle ListTraffic: return the events up to a number, latest first."""
        lane, upto = self.lanes.get(caller, RecentEventList()), params.get("Number", self.last)
        return {"Events": [_shown(each) for each in reversed(lane.seen) if each.number <= upto]}


def _shown(seen: RecentEvent) -> Json:
    return {
        "Number": seen.number,
        "Time": seen.time / 1000,
        "EventBusName": seen.bus,
        "Event": seen.text,
        "Rules": list(seen.rules),
    }
