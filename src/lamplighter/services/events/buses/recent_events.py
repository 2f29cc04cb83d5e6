"""The last events that came to the buses of each place, and the rules that took them: for people who ask why.

Promises a bound (events and their characters, in memory). Refuses to be a record: it begins with the engine, and may
hold an event whose transaction was lost. Archives are what keeps events.
On the bus under the name ListTraffic; the wire, which goes by AWS's models, does not know it.
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
    """One event."""

    number: int
    """Of this engine; the later, the greater."""
    time: int
    """When it came, in milliseconds since the epoch."""
    bus: str
    text: str
    rules: tuple[str, ...]
    """The ARNs of those that took it."""


@dataclass(slots=True)
class RecentEventList:
    """The events of one place, the oldest first."""

    seen: deque[RecentEvent] = field(default_factory=deque)
    characters: int = 0

    def add(self, seen: RecentEvent) -> None:
        """Keep one more, and let go of the oldest where there is too much."""
        self.seen.append(seen)
        self.characters += len(seen.text)
        while len(self.seen) > EVENTS or self.characters > CHARACTERS:
            self.characters -= len(self.seen.popleft().text)


@dataclass(slots=True)
class RecentEvents:
    """What one engine has seen."""

    lanes: OrderedDict[Caller, RecentEventList] = field(default_factory=OrderedDict)
    last: int = 0

    def add(self, caller: Caller, time: int, bus: str, text: str, rules: Sequence[str]) -> None:
        """An event has come to a bus."""
        self.last += 1
        self.lanes.setdefault(caller, RecentEventList()).add(RecentEvent(self.last, time, bus, text, tuple(rules)))
        self.lanes.move_to_end(caller)
        if len(self.lanes) > PLACES:
            self.lanes.popitem(last=False)

    def list(self, _reader: Reader, caller: Caller, params: Json) -> Json:
        """ListTraffic: the latest first, up to one number."""
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
