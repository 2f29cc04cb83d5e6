"""What metric filters make of log events: values of metrics, which CloudWatch is told in the transaction that takes the
events in.

An event that a filter's pattern matches counts with the filter's value: a number, or a field of the event that holds
one. Where it holds none, or a dimension's field is missing, nothing is told. The default value is "the value reported
to the metric filter during a period when logs are ingested but no matching logs are found": here once for each minute
of a batch in which no event matches. Values have the time of their events; those of events that are hardly old have the
time at which they come, so that an alarm which has looked at the minute before does not miss them.
A group without filters costs one look at an index. What CloudWatch refuses is logged, and the events are kept.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.log_pattern.pattern import Match, compile_pattern
from lamplighter.lang.log_pattern.terms import InvalidPattern, parse_number
from lamplighter.services.logs.tables import filters as logfilters
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader, Tx

METRICS, PUT = "monitoring", "PutMetricData"
HIGHEST = 2.0**360
"""What PutMetricData takes: "Values must be in the range of -2^360 to 2^360." """
MINUTE = 60_000
MOST = 100
"""Metric filters of a group."""
MOST_METRICS = 1_000
"""Metrics that PutMetricData takes at once."""
MOST_VALUES = 150
"""Different values of one metric that PutMetricData takes at once."""
LONGEST = 1024
"""Characters of a dimension's value."""
LARGE = 1_048_576
"""Characters of messages, times the filters that look at them, up to which that is done in the turn."""
CACHED = 256
"""Patterns that are kept compiled."""

log = logging.getLogger("lamplighter.logs")

Events = Sequence[tuple[int, str]]
Values = Mapping[str, str]
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What values are told of together: those of some dimensions in a minute."""

    minute: int
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class ExtractedMetrics:
    """What filters made of events."""

    filters: list[Json]
    events: Events
    told: list[tuple[str, Json]]
    """What CloudWatch gets, by the name of the filter."""


def is_short(events: Events) -> bool:
    """Whether no number of filters looks at so many events for long."""
    return sum(len(message) for _, message in events) * MOST <= LARGE


class MetricExtractor:
    """Counts log events, for one engine."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._patterns = OrderedDict[str, Match]()

    def put_metrics(self, tx: Tx, group: LogGroup, events: Events, ready: ExtractedMetrics | None = None) -> None:
        """Tell CloudWatch what the filters of a group make of events that it takes in; `ready`: as it was seen."""
        filters = self._filters(tx, group)
        if not filters or not self._bus.serves(METRICS, PUT):
            return
        if ready is None or (ready.filters, ready.events) != (filters, events):
            ready = self.extract(group, filters, events)
        for name, params in ready.told:
            try:
                with tx.nested():
                    self._bus.invoke(tx, Caller(group.account, group.region), METRICS, PUT, params)
            except AwsError as error:
                log.warning("metric filter %s of %s: %s", name, group.name, error.message)

    def prepare(self, reader: Reader, group: LogGroup, events: Events) -> Callable[[], ExtractedMetrics] | None:
        """What makes of events what `count` tells, where that takes long."""
        filters = self._filters(reader, group)
        if sum(len(message) for _, message in events) * len(filters) <= LARGE:
            return None
        return lambda: self.extract(group, filters, events)

    def _filters(self, reader: Reader, group: LogGroup) -> list[Json]:
        try:
            return logfilters.page(reader, group.id, "metric", "", "", MOST)
        except JsonError as error:
            log.error("a metric filter of %s cannot be read; nothing is counted: %s", group.name, error)
            return []

    def extract(self, group: LogGroup, filters: list[Json], events: Events) -> ExtractedMetrics:
        """What filters make of events."""
        now = self._world.now()
        timed = [(now if 0 <= now - time < MINUTE else time, message) for time, message in events]
        told = [
            (body["filterName"], {"Namespace": made["metricNamespace"], "MetricData": data[at : at + MOST_METRICS]})
            for body in filters
            for made in body["metricTransformations"]
            for data in [self._data_of(group, body, made, timed)]
            for at in range(0, len(data), MOST_METRICS)
        ]
        return ExtractedMetrics(filters, events, told)

    def _data_of(self, group: LogGroup, body: Json, made: Json, events: Events) -> list[Json]:
        system = {"@aws.account": group.account, "@aws.region": group.region}
        fixed = tuple((name, system[name]) for name in body.get("emitSystemFieldDimensions", ()) if name in system)
        found = self._measured(body["filterPattern"], made, fixed, events)
        first = min(time for time, _ in events)
        return [datum for kind, values in found.items() for datum in _data(made, kind, values, first)]

    def _measured(
        self, pattern: str, made: Json, fixed: Dimensions, events: Events
    ) -> Mapping[_Kind, Mapping[float, int]]:
        """The values of a metric, and how often each of them came."""
        match = self._compiled(pattern)
        found = dict[_Kind, Counter[float]]()
        silent, spoken = set[int](), set[int]()
        for time, message in events:
            minute = time - time % MINUTE
            values = match(message)
            if values is None:
                silent.add(minute)
                continue
            spoken.add(minute)
            value = parse_number(self._filled(made["metricValue"], message, values) or "")
            dimensions = self._dimensions(made, message, values)
            if value is not None and abs(value) <= HIGHEST and dimensions is not None:
                found.setdefault(_Kind(minute, dimensions + fixed), Counter())[value] += 1
        if "defaultValue" in made:
            for minute in silent - spoken:
                found[_Kind(minute, fixed)] = Counter([float(made["defaultValue"])])
        return found

    def _dimensions(self, made: Json, message: str, values: Values) -> Dimensions | None:
        """The dimensions that an event counts for; None where it lacks one."""
        filled = [(name, self._filled(text, message, values)) for name, text in made.get("dimensions", {}).items()]
        told = tuple((name, text[:LONGEST]) for name, text in filled if text)
        return told if len(told) == len(filled) else None

    def _filled(self, text: str, message: str, values: Values) -> str | None:
        """A value as it is written, or that of the field which it names; None where the event has no such field."""
        if not text.startswith("$"):
            return text
        if text in values or not text.startswith(("$.", "$[")):
            return values.get(text)
        # A field of a JSON event that the pattern does not ask about.
        try:
            found = self._compiled(f'{{ {text} = "*" }}')(message)
        except InvalidPattern:
            return None
        return (found or {}).get(text)

    def _compiled(self, pattern: str) -> Match:
        found = self._patterns.get(pattern)
        if found is None:
            found = self._patterns[pattern] = compile_pattern(pattern)
            if len(self._patterns) > CACHED:
                self._patterns.popitem(last=False)
        return found


def _data(made: Json, kind: _Kind, values: Mapping[float, int], first: int) -> Iterator[Json]:
    """What PutMetricData takes; nothing has a time before that of the first event."""
    counted = list(values.items())
    for at in range(0, len(counted), MOST_VALUES):
        part = counted[at : at + MOST_VALUES]
        yield {
            "MetricName": made["metricName"],
            "Unit": made.get("unit", "None"),
            "Timestamp": max(kind.minute, first) / 1000,
            "Dimensions": [{"Name": name, "Value": value} for name, value in kind.dimensions],
            "Values": [value for value, _ in part],
            "Counts": [times for _, times in part],
        }
