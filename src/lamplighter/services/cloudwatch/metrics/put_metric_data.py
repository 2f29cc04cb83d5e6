"""Implement PutMetricData: store the user's values by minute, or by second if the request says so.

Values are kept for fifteen days; AWS keeps older values too, but in coarser steps. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html.
"""

from collections.abc import Iterator
from itertools import product

from lamplighter.base.json_text import Json
from lamplighter.base.number_text import java_double
from lamplighter.base.precompute import Outcome, run_work
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.cloudwatch.arns import metric_of
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.metrics import aggregation
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE
from lamplighter.services.cloudwatch.tables import metric_points
from lamplighter.services.cloudwatch.tables.metric_points import Metric, MetricPoint
from lamplighter.store.db import Reader, Tx

RETENTION_MS = 15 * 86_400_000
MAX_PAST_MS, MAX_FUTURE_MS = 14 * 86_400_000, 2 * 3_600_000
"""How far a timestamp may be before and after the request, in milliseconds: two weeks and two hours."""
MAX_METRICS = 1_000
MAX_VALUES = 150
MAX_VALUES_ON_LOOP = 5_000
"""The most values of a request that are checked and aggregated within its turn; this takes a few milliseconds."""
MAX_DIMENSIONS = 30
MAX_ABSOLUTE_VALUE = 2.0**360
VALUE_MEMBERS = ("Value", "Values", "StatisticValues")


def put_metric_data(tx: Tx, caller: Caller, params: Json) -> None:
    """Merge new metric values into the stored points, and delete expired points (`PutMetricData`)."""
    points: Outcome[list[tuple[Metric, MetricPoint]]]
    points = params[PREPARED] if PREPARED in params else _read_points(caller, params, tx.now)
    for metric, new in points.get():
        old = metric_points.points_between(tx, metric, new.time, new.time + 1, new.unit)
        metric_points.put(tx, metric, aggregation.merge_points(new.time, [*old, new]) if old else new)
    metric_points.delete_expired(tx, tx.now - RETENTION_MS)


def prepare_points(world: World, _reader: Reader, caller: Caller, params: Json) -> Work | None:
    """Return the checks and the aggregation to do ahead in a thread, or None if there are few values."""
    if sum(len(datum.get("Values", ())) for _, datum in _numbered_data(params)) <= MAX_VALUES_ON_LOOP:
        return None
    return lambda: Prepared(_read_points(caller, params, world.now()))


def _read_points(caller: Caller, params: Json, now: int) -> Outcome[list[tuple[Metric, MetricPoint]]]:
    return run_work(lambda: list(_points(caller, params, now)))


def _points(caller: Caller, params: Json, now: int) -> Iterator[tuple[Metric, MetricPoint]]:
    """Yield a point for each metric of a request, or raise the first error that AWS finds."""
    if params["Namespace"].startswith("AWS/"):
        raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
    if "MetricData" not in params and "EntityMetricData" not in params:
        raise MissingParameter("The parameter MetricData is required.")
    numbered = list(_numbered_data(params))
    if len(numbered) > MAX_METRICS:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {MAX_METRICS}.")
    for at, datum in numbered:
        metric = metric_of(caller, {**datum, "Namespace": params["Namespace"]})
        if len(metric.dimensions) > MAX_DIMENSIONS:
            raise InvalidParameterValue(
                f"The collection {at}.Dimensions must not have a size greater than {MAX_DIMENSIONS}."
            )
        yield metric, _point(at, datum, now)


def _numbered_data(params: Json) -> Iterator[tuple[str, Json]]:
    """Yield the metrics of a request with their places in it, such as `MetricData.member.1`."""
    for number, datum in enumerate(params.get("MetricData", ()), 1):
        yield f"MetricData.member.{number}", datum
    for outer, entity in enumerate(params.get("EntityMetricData", ()), 1):
        for number, datum in enumerate(entity.get("MetricData", ()), 1):
            yield f"EntityMetricData.member.{outer}.MetricData.member.{number}", datum


def _point(at: str, datum: Json, now: int) -> MetricPoint:
    time = int(datum["Timestamp"] * 1000) if "Timestamp" in datum else now
    if time < now - MAX_PAST_MS:
        raise InvalidParameterValue(f"The parameter {at}.Timestamp must specify a time within the past two weeks.")
    if time > now + MAX_FUTURE_MS:
        raise InvalidParameterValue(
            f"The parameter {at}.Timestamp must specify a time no more than two hours in the future."
        )
    resolution = datum.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise InvalidParameterValue(f"The value {resolution} for parameter {at}.StorageResolution is invalid.")
    time -= time % (1000 if resolution == 1 else MINUTE)
    _check_members(at, datum)
    if "StatisticValues" not in datum:
        return aggregation.point_of_values(time, _values(at, datum), datum.get("Unit", "None"))
    given = datum["StatisticValues"]
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    samples, total, least, most = (_finite(float(given[name]), at, "StatisticValues", name) for name in names)
    if samples < 0:
        raise InvalidParameterValue(f"The value {samples} for parameter {at}.StatisticValues.SampleCount is invalid.")
    if least > most:
        raise InvalidParameterValue(
            f"The parameter {at}.StatisticValues.Maximum must be greater than {at}.StatisticValues.Minimum."
        )
    return MetricPoint(time, samples, total, least, most, None, datum.get("Unit", "None"))


def _check_members(at: str, datum: Json) -> None:
    for first, second in product(VALUE_MEMBERS[:1], VALUE_MEMBERS[1:]):  # AWS accepts Values and StatisticValues
        if first in datum and second in datum:
            raise InvalidCombination(
                f"The parameters {at}.{first} and {at}.{second} are mutually exclusive and you have specified both."
            )
    if not any(name in datum for name in VALUE_MEMBERS):
        listed = ", ".join(f"{at}.{name}" for name in VALUE_MEMBERS[:-1])
        raise MissingParameter(
            f"At least one of the parameters {listed} and {at}.{VALUE_MEMBERS[-1]} must be specified."
        )


def _values(at: str, datum: Json) -> Iterator[tuple[float, float]]:
    if "Value" in datum:
        yield _finite(float(datum["Value"]), at, "Value"), 1.0
        return
    values, counts = datum["Values"], datum.get("Counts", [1] * len(datum["Values"]))
    if len(values) != len(counts):
        raise InvalidParameterValue(f"The parameters {at}.Values and {at}.Counts must be of the same size.")
    if not values:
        raise MissingParameter(f"The parameter {at}.Values must not be empty.")
    if len(values) > MAX_VALUES:
        raise InvalidParameterValue(f"The collection {at}.Values must not have a size greater than {MAX_VALUES}.")
    for number, (value, count) in enumerate(zip(values, counts, strict=True), 1):
        times = _finite(float(count), at, "Counts.member", number)
        if times < 0:
            raise InvalidParameterValue(f"The value {count} for parameter {at}.Counts.member.{number} is invalid.")
        yield _finite(float(value), at, "Values.member", number), times


def _finite(value: float, *name_parts: object) -> float:
    """Return a value that AWS accepts; a comparison with NaN is false, so NaN is refused, too."""
    if abs(value) <= MAX_ABSOLUTE_VALUE:
        return value
    name = ".".join(map(str, name_parts))
    raise InvalidParameterValue(
        f"The value {java_double(value)} for parameter {name} is invalid: it is outside of -2^360 to 2^360."
    )
