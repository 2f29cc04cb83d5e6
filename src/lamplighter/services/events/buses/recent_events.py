"""Remember the last events of each account and region, and the rules that matched them, for the console.

Guarantees a bound on the number of events and of their characters, all in memory. This is not a record: it begins when
the engine starts, and may contain an event whose transaction was lost. Archives keep events.

The bus has the operation ListRecentEvents for this list. AWS's models do not have it, so HTTP requests cannot call it.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.store.db import Reader

MAX_EVENTS, MAX_CHARACTERS, MAX_CALLERS = 200, 1_000_000, 16


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

    events: deque[RecentEvent] = field(default_factory=deque)
    characters: int = 0

    def add(self, event: RecentEvent) -> None:
        """Add an event, and drop the oldest events if the limits are passed."""
        self.events.append(event)
        self.characters += len(event.text)
        while len(self.events) > MAX_EVENTS or self.characters > MAX_CHARACTERS:
            self.characters -= len(self.events.popleft().text)


@dataclass(slots=True)
class RecentEvents:
    """The recent events of one engine."""

    by_caller: OrderedDict[Caller, RecentEventList] = field(default_factory=OrderedDict)
    last_number: int = 0

    def add(self, caller: Caller, time: int, bus: str, text: str, rules: Sequence[str]) -> None:
        """Record an event that came to a bus."""
        self.last_number += 1
        self.by_caller.setdefault(caller, RecentEventList()).add(
            RecentEvent(self.last_number, time, bus, text, tuple(rules))
        )
        self.by_caller.move_to_end(caller)
        if len(self.by_caller) > MAX_CALLERS:
            self.by_caller.popitem(last=False)

    def list(self, _reader: Reader, caller: Caller, params: Json) -> Json:
        """Handle ListRecentEvents: return the events up to a number, latest first."""
        recent, max_number = self.by_caller.get(caller, RecentEventList()), params.get("Number", self.last_number)
        return {"Events": [_to_api(each) for each in reversed(recent.events) if each.number <= max_number]}


def _to_api(event: RecentEvent) -> Json:
    return {
        "Number": event.number,
        "Time": event.time / 1000,
        "EventBusName": event.bus,
        "Event": event.text,
        "Rules": list(event.rules),
    }
