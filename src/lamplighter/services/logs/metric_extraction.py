"""Extract metric values from log events and put them into CloudWatch, in the transaction that stores the events.

An event that matches a filter's pattern counts with the filter's value: a number, or a field of the event that holds a
number. If the field holds none, or the field of a dimension is missing, the event does not count. The default value is
"the value reported to the metric filter during a period when logs are ingested but no matching logs are found": here
once for each minute of a batch in which no event matches. A value has the time of its event. But an event that is less
than a minute old counts at the time of its arrival, so that an alarm that has already evaluated the minute before does
not miss it. A group without filters costs one index lookup. An error that CloudWatch returns is logged, and the events
are kept.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.log_pattern.pattern import Match, compile_log_pattern
from lamplighter.lang.log_pattern.terms import LogPatternError, parse_number
from lamplighter.services.logs.tables import filters as logfilters
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader, Tx

METRICS_SERVICE, PUT_OPERATION = "monitoring", "PutMetricData"
MAX_ABSOLUTE_VALUE = 2.0**360
"""The largest absolute value of a metric ("Values must be in the range of -2^360 to 2^360")."""
MINUTE = 60_000
MAX_FILTERS = 100
MAX_METRICS_PER_CALL = 1_000
MAX_VALUES_PER_METRIC = 150
"""The most different values of one metric in one PutMetricData call."""
MAX_DIMENSION_LENGTH = 1024
MAX_INLINE_CHARACTERS = 1_048_576
"""The most characters of messages, times the number of filters, that are matched within the turn."""
MAX_CACHED_PATTERNS = 256

log = logging.getLogger("lamplighter.logs")

Events = Sequence[tuple[int, str]]
Values = Mapping[str, str]
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _SeriesKey:
    """The minute and the dimensions that several values share."""

    minute: int
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class ExtractedMetrics:
    """The metric values that filters extract from events, with the filters and events themselves."""

    filters: list[Json]
    events: Events
    put_calls: list[tuple[str, Json]]
    """The parameters of PutMetricData calls, each with the name of its filter."""


def is_short(events: Events) -> bool:
    """Return whether events are short enough to match within the turn, even against the most filters."""
    return sum(len(message) for _, message in events) * MAX_FILTERS <= MAX_INLINE_CHARACTERS


class MetricExtractor:
    """An extractor of metric values from log events, for one engine."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._compile: Callable[[str], Match] = lru_cache(MAX_CACHED_PATTERNS)(compile_log_pattern)

    def put_metrics(self, tx: Tx, group: LogGroup, events: Events, prepared: ExtractedMetrics | None = None) -> None:
        """Send CloudWatch the metrics of new events; `prepared` is used if filters and events are still the same."""
        filters = self._filters(tx, group)
        if not filters or not self._bus.serves(METRICS_SERVICE, PUT_OPERATION):
            return
        if prepared is None or (prepared.filters, prepared.events) != (filters, events):
            prepared = self.extract(group, filters, events)
        for name, params in prepared.put_calls:
            try:
                with tx.nested():
                    self._bus.invoke(tx, Caller(group.account, group.region), METRICS_SERVICE, PUT_OPERATION, params)
            except AwsError as error:
                log.warning(
                    "metric filter %s of %s: CloudWatch rejects its metric: %s", name, group.name, error.message
                )

    def prepare(self, reader: Reader, group: LogGroup, events: Events) -> Callable[[], ExtractedMetrics] | None:
        """Return the extraction for `put_metrics` to do ahead in a thread, or None if it takes little time."""
        filters = self._filters(reader, group)
        if sum(len(message) for _, message in events) * len(filters) <= MAX_INLINE_CHARACTERS:
            return None
        return lambda: self.extract(group, filters, events)

    def _filters(self, reader: Reader, group: LogGroup) -> list[Json]:
        try:
            return logfilters.page(reader, group.id, "metric", "", "", MAX_FILTERS)
        except JsonError as error:
            log.error("a metric filter of %s cannot be read; no metrics are extracted: %s", group.name, error)
            return []

    def extract(self, group: LogGroup, filters: list[Json], events: Events) -> ExtractedMetrics:
        """Extract the metric values of events."""
        now = self._world.now()
        timed = [(now if 0 <= now - time < MINUTE else time, message) for time, message in events]
        put_calls = [
            (
                body["filterName"],
                {"Namespace": made["metricNamespace"], "MetricData": data[at : at + MAX_METRICS_PER_CALL]},
            )
            for body in filters
            for made in body["metricTransformations"]
            for data in [self._metric_data(group, body, made, timed)]
            for at in range(0, len(data), MAX_METRICS_PER_CALL)
        ]
        return ExtractedMetrics(filters, events, put_calls)

    def _metric_data(self, group: LogGroup, body: Json, transformation: Json, events: Events) -> list[Json]:
        system_fields = {"@aws.account": group.account, "@aws.region": group.region}
        fixed = tuple(
            (name, system_fields[name]) for name in body.get("emitSystemFieldDimensions", ()) if name in system_fields
        )
        found = self._count_values(body["filterPattern"], transformation, fixed, events)
        first = min(time for time, _ in events)
        return [datum for kind, values in found.items() for datum in _series_data(transformation, kind, values, first)]

    def _count_values(
        self, pattern: str, transformation: Json, fixed: Dimensions, events: Events
    ) -> Mapping[_SeriesKey, Mapping[float, int]]:
        """Return how often each value of a metric occurs, by minute and dimensions."""
        match = self._compile(pattern)
        found = dict[_SeriesKey, Counter[float]]()
        unmatched_minutes, matched_minutes = set[int](), set[int]()
        for time, message in events:
            minute = time - time % MINUTE
            values = match(message)
            if values is None:
                unmatched_minutes.add(minute)
                continue
            matched_minutes.add(minute)
            value = parse_number(self._field_value(transformation["metricValue"], message, values) or "")
            dimensions = self._dimensions(transformation, message, values)
            if value is not None and abs(value) <= MAX_ABSOLUTE_VALUE and dimensions is not None:
                found.setdefault(_SeriesKey(minute, dimensions + fixed), Counter())[value] += 1
        if "defaultValue" in transformation:
            for minute in unmatched_minutes - matched_minutes:
                found[_SeriesKey(minute, fixed)] = Counter([float(transformation["defaultValue"])])
        return found

    def _dimensions(self, transformation: Json, message: str, values: Values) -> Dimensions | None:
        """Return the dimensions of an event's value, or None if the event lacks a field for one of them."""
        filled = [
            (name, self._field_value(text, message, values))
            for name, text in transformation.get("dimensions", {}).items()
        ]
        dimensions = tuple((name, text[:MAX_DIMENSION_LENGTH]) for name, text in filled if text)
        return dimensions if len(dimensions) == len(filled) else None

    def _field_value(self, text: str, message: str, values: Values) -> str | None:
        """Return a literal as it is, or the value of the field that `text` names (None if the event lacks it)."""
        if not text.startswith("$"):
            return text
        if text in values or not text.startswith(("$.", "$[")):
            return values.get(text)
        # The filter's pattern does not extract this field of the JSON event, so another pattern reads it.
        try:
            found = self._compile(f'{{ {text} = "*" }}')(message)
        except LogPatternError:
            return None
        return (found or {}).get(text)


def _series_data(transformation: Json, series: _SeriesKey, values: Mapping[float, int], first: int) -> Iterator[Json]:
    """Yield the data for PutMetricData; no timestamp is before the time of the first event."""
    counted = list(values.items())
    for at in range(0, len(counted), MAX_VALUES_PER_METRIC):
        part = counted[at : at + MAX_VALUES_PER_METRIC]
        yield {
            "MetricName": transformation["metricName"],
            "Unit": transformation.get("unit", "None"),
            "Timestamp": max(series.minute, first) / 1000,
            "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
            "Values": [value for value, _ in part],
            "Counts": [times for _, times in part],
        }
