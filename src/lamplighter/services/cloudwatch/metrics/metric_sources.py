"""Read the values of a metric from the service that it measures, or from the values that were put.

Guarantees that nothing is counted twice. Step Functions measures AWS/States from its own executions, for as long as it
keeps them. Express executions do not count, because it does not keep them. No service stores the past number of
messages in a queue, nor the age of the oldest one. They are therefore read now and, while an alarm watches them,
sampled once a minute; the samples are stored. SQS counts the messages that are sent, received and deleted. Scheduler
measures AWS/Scheduler from the slots that it keeps. All other metrics have the values that users put. See
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from lamplighter.base.errors import AwsError
from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.cloudwatch.metrics import aggregation
from lamplighter.services.cloudwatch.tables import metric_points
from lamplighter.services.cloudwatch.tables.metric_points import Metric, MetricPoint
from lamplighter.store.db import Reader, Tx

MINUTE = 60_000
STATES_NAMESPACE, MACHINE_DIMENSION = "AWS/States", "StateMachineArn"
EXECUTIONS = (
    *("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
    "ExecutionTime",
)
"""The metrics that Step Functions has of executions; ExecutionTime is in milliseconds, all others are counts."""
SCHEDULER_NAMESPACE, GROUP_DIMENSION = "AWS/Scheduler", "ScheduleGroup"
INVOCATIONS = ("InvocationAttemptCount", "InvocationDroppedCount", "TargetErrorCount")
"""The metrics that Scheduler has of the slots of a schedule group."""
QUEUES_NAMESPACE, QUEUE_DIMENSION = "AWS/SQS", "QueueName"
GAUGES: Mapping[str, str] = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
"""The metrics that count a queue's messages, with the attribute of the queue that holds the value."""
AGE = "ApproximateAgeOfOldestMessage"
"""The metric that states the age of a queue's oldest message, in seconds."""
UNITS: Mapping[str, str] = {"ExecutionTime": "Milliseconds", AGE: "Seconds"}
"""The units of metrics that are no counts."""
COUNTS: Mapping[str, str] = {
    "NumberOfMessagesSent": "Count",
    "NumberOfMessagesReceived": "Count",
    "NumberOfMessagesDeleted": "Count",
    "SentMessageSize": "Bytes",
}
"""The metrics that SQS itself counts for each queue, minute by minute, with their units."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range of times from `start` on and before `end`, and the period; all in milliseconds."""

    start: int
    end: int
    period: int


class MetricSources:
    """A reader of metric values, for one engine."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world

    def points(
        self, reader: Reader, metric: Metric, span: TimeRange, unit: str | None = None, *, with_values: bool = True
    ) -> list[MetricPoint]:
        """Return the points of a metric, one for each period that has a value.

        Without their values they are read faster.
        """
        found = self._read(reader, metric, span, unit, with_values=with_values)
        return list(aggregation.points_by_period(found, span.start, span.period))

    def points_by_unit(
        self, reader: Reader, metric: Metric, span: TimeRange, unit: str | None = None, *, with_values: bool = True
    ) -> list[MetricPoint]:
        """Return the points of a metric, one for each unit and period that has a value, in order of time."""
        found = self._read(reader, metric, span, unit, with_values=with_values)
        by_unit = group_items(found, lambda point: point.unit)
        merged = [aggregation.points_by_period(each, span.start, span.period) for each in by_unit.values()]
        return sorted(chain.from_iterable(merged), key=lambda point: (point.time, point.unit))

    def _read(
        self, reader: Reader, metric: Metric, span: TimeRange, unit: str | None, *, with_values: bool
    ) -> list[MetricPoint]:
        """Return the points of a metric as they are stored or measured, in order of time."""
        if metric.namespace == STATES_NAMESPACE and metric.name in EXECUTIONS:
            return list(self._execution_points(reader, metric, span)) if unit in (None, _unit(metric)) else []
        if metric.namespace == SCHEDULER_NAMESPACE and metric.name in INVOCATIONS:
            return list(self._invocation_points(reader, metric, span)) if unit in (None, "Count") else []
        if metric.namespace == QUEUES_NAMESPACE and metric.name in COUNTS:
            return list(self._counted_points(reader, metric, span)) if unit in (None, COUNTS[metric.name]) else []
        if with_values:
            found = metric_points.points_between(reader, metric, span.start, span.end, unit)
        else:
            found = metric_points.totals_between(reader, metric, span.start, span.end, span.period, unit)
        return found + (self._current_points(reader, metric, span) if unit in (None, _unit(metric)) else [])

    def sample(self, tx: Tx, metric: Metric, minute: int) -> None:
        """Store a queue's current value as its value in a minute; do nothing if the metric needs no samples."""
        found = self._gauge(tx, metric)
        if found is not None:
            metric_points.put(tx, metric, aggregation.point_of_values(minute, [(found, 1.0)], _unit(metric)))

    def list_metrics(
        self, reader: Reader, caller: Caller, since: int, namespace: str | None = None
    ) -> Iterator[Metric]:
        """Yield all metrics: those of machines, schedule groups and queues, and those with values since a time.

        With a namespace, only the metrics of that namespace.
        """
        own = {
            STATES_NAMESPACE: self._list_machine_metrics,
            SCHEDULER_NAMESPACE: self._list_group_metrics,
            QUEUES_NAMESPACE: self._list_queue_metrics,
        }
        for name, list_own in own.items():
            if namespace in (None, name):
                yield from list_own(reader, caller, since)
        stored = metric_points.metrics(reader, caller.account, caller.region, since)
        yield from (
            each for each in stored if each.namespace != QUEUES_NAMESPACE and namespace in (None, each.namespace)
        )

    def _list_machine_metrics(self, reader: Reader, caller: Caller, _since: int) -> Iterator[Metric]:
        for machine in self._list_all(reader, caller, "states", "ListStateMachines", "stateMachines"):
            dimension = (MACHINE_DIMENSION, machine["stateMachineArn"])
            for name in EXECUTIONS:
                yield Metric(caller.account, caller.region, STATES_NAMESPACE, name, (dimension,))

    def _list_group_metrics(self, reader: Reader, caller: Caller, since: int) -> Iterator[Metric]:
        end = self._world.now() + 1
        for group in self._list_all(reader, caller, "scheduler", "ListScheduleGroups", "ScheduleGroups"):
            dimension = (GROUP_DIMENSION, group["Name"])
            for name in INVOCATIONS:
                metric = Metric(caller.account, caller.region, SCHEDULER_NAMESPACE, name, (dimension,))
                if any(self._invocation_points(reader, metric, TimeRange(since, end, end - since))):
                    yield metric

    def _list_queue_metrics(self, reader: Reader, caller: Caller, _since: int) -> Iterator[Metric]:
        for url in self._list_all(reader, caller, "sqs", "ListQueues", "QueueUrls"):
            dimension = (QUEUE_DIMENSION, url.rpartition("/")[2])
            for name in (*GAUGES, AGE, *COUNTS):
                yield Metric(caller.account, caller.region, QUEUES_NAMESPACE, name, (dimension,))

    # --- of the engine's own services ---------------------------------------------------------------------------------

    def _execution_points(self, reader: Reader, metric: Metric, span: TimeRange) -> Iterator[MetricPoint]:
        if (machine := _only_dimension(metric, MACHINE_DIMENSION)) is None:
            return
        params: Json = {"stateMachineArn": machine, "metric": metric.name}
        params |= {"start": span.start, "end": span.end, "period": span.period}
        for number, *counts in self._read_operation(reader, metric, "states", "MeasureExecutions", params) or ():
            yield _counted_point(span.start + number * span.period, counts, _unit(metric))

    def _invocation_points(self, reader: Reader, metric: Metric, span: TimeRange) -> Iterator[MetricPoint]:
        """Yield the number of a schedule group's slots that fired, period by period."""
        if (group := _only_dimension(metric, GROUP_DIMENSION)) is None:
            return
        params: Json = {"metric": metric.name, "group": group}
        params |= {"start": span.start, "end": span.end, "period": span.period}
        for number, count in self._read_operation(reader, metric, "scheduler", "MeasureSlots", params) or ():
            yield aggregation.point_of_values(span.start + number * span.period, [(1.0, float(count))], "Count")

    def _counted_points(self, reader: Reader, metric: Metric, span: TimeRange) -> Iterator[MetricPoint]:
        """Yield what SQS counts of a queue, minute by minute."""
        if (queue := _only_dimension(metric, QUEUE_DIMENSION)) is None:
            return
        params = {"queue": queue, "metric": metric.name, "start": span.start, "end": span.end}
        for minute, *counts in self._read_operation(reader, metric, "sqs", "MeasureMessages", params) or ():
            yield _counted_point(minute, counts, COUNTS[metric.name])

    def _current_points(self, reader: Reader, metric: Metric, span: TimeRange) -> list[MetricPoint]:
        """Return a queue's current value as a point, or nothing if the range does not contain the current time."""
        now = self._world.now()
        found = self._gauge(reader, metric) if span.start <= now < span.end else None
        return [] if found is None else [aggregation.point_of_values(now, [(found, 1.0)], _unit(metric))]

    def _gauge(self, reader: Reader, metric: Metric) -> float | None:
        name = _only_dimension(metric, QUEUE_DIMENSION) if is_sampled(metric) else None
        queue = name and self._read_operation(reader, metric, "sqs", "GetQueueUrl", {"QueueName": name})
        if not queue:
            return None
        if metric.name == AGE:
            params = {"QueueUrl": queue["QueueUrl"], "now": self._world.monotonic()}
            age = self._read_operation(reader, metric, "sqs", "MeasureAge", params)
            return None if age is None else float(age // 1000)
        params = {"QueueUrl": queue["QueueUrl"], "AttributeNames": [GAUGES[metric.name]]}
        answer = self._read_operation(reader, metric, "sqs", "GetQueueAttributes", params)
        return float(answer["Attributes"][GAUGES[metric.name]]) if answer else None

    def _read_operation(self, reader: Reader, metric: Metric, service: str, operation: str, params: Json) -> Json:
        """Return the answer of an operation, or None if it fails, as for a name that does not exist."""
        try:
            return self._bus.read(reader, Caller(metric.account, metric.region), service, operation, params)
        except AwsError:
            return None

    def _list_all(self, reader: Reader, caller: Caller, service: str, operation: str, field: str) -> Iterator[Json]:
        token: dict[str, str] = {}
        while True:
            answer = self._bus.read(reader, caller, service, operation, token)
            yield from answer.get(field, ())
            following = {name: answer[name] for name in ("nextToken", "NextToken") if answer.get(name)}
            if not following:
                return
            token = following


def is_sampled(metric: Metric) -> bool:
    """Return whether a metric must be sampled, because no service stores its past values."""
    return metric.namespace == QUEUES_NAMESPACE and (metric.name in GAUGES or metric.name == AGE)


def _unit(metric: Metric) -> str:
    return UNITS.get(metric.name, "Count")


def _only_dimension(metric: Metric, name: str) -> str | None:
    """Return the value of a dimension, or None if the metric does not have it, or has others too."""
    found = dict(metric.dimensions)
    return found[name] if set(found) == {name} else None


def _counted_point(time: int, counts: Sequence[float], unit: str) -> MetricPoint:
    """Return the point of four numbers: how many values there were, their sum, the least and the greatest."""
    samples, total, least, most = map(float, counts)
    spread = ((least, samples),) if least == most else None
    return MetricPoint(time, samples, total, least, most, spread, unit)
