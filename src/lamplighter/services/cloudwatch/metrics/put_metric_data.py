"""Implement PutMetricData: store the user's values by minute, or by second if the request says so.

Values are kept for fifteen days; AWS keeps older values too, but in coarser steps. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.arns import metric_of
from lamplighter.services.cloudwatch.errors import InvalidCombination, InvalidParameterValue, MissingParameter
from lamplighter.services.cloudwatch.metrics import aggregation
from lamplighter.services.cloudwatch.metrics.metric_sources import MINUTE
from lamplighter.services.cloudwatch.tables import metric_points
from lamplighter.services.cloudwatch.tables.metric_points import MetricPoint
from lamplighter.store.db import Tx

RETENTION_MS = 15 * 86_400_000
MAX_PAST_MS, MAX_FUTURE_MS = 14 * 86_400_000, 2 * 3_600_000
"""How far a timestamp may be before and after the request, in milliseconds: two weeks and two hours."""
MAX_METRICS = 1_000
MAX_VALUES = 150
MAX_DIMENSIONS = 30
MAX_ABSOLUTE_VALUE = 2.0**360


def put_metric_data(tx: Tx, caller: Caller, params: Json) -> Json:
    """Merge new metric values into the stored points, and delete expired points (`PutMetricData`)."""
    if params["Namespace"].startswith("AWS/"):
        raise InvalidParameterValue("The value AWS/ for parameter Namespace is reserved.")
    if "MetricData" not in params:
        raise MissingParameter("The parameter MetricData is required.")
    if len(params["MetricData"]) > MAX_METRICS:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {MAX_METRICS}.")
    now = tx.now
    for datum in params["MetricData"]:
        metric = metric_of(caller, {**datum, "Namespace": params["Namespace"]})
        if len(metric.dimensions) > MAX_DIMENSIONS:
            raise InvalidParameterValue(f"A metric can have at most {MAX_DIMENSIONS} dimensions.")
        new = _point(datum, now)
        old = metric_points.points_between(tx, metric, new.time, new.time + 1, new.unit)
        metric_points.put(tx, metric, aggregation.merge_points(new.time, [*old, new]))
    metric_points.delete_expired(tx, now - RETENTION_MS)
    return {}


def _point(datum: Json, now: int) -> MetricPoint:
    time = int(datum["Timestamp"] * 1000) if "Timestamp" in datum else now
    if not now - MAX_PAST_MS <= time <= now + MAX_FUTURE_MS:
        raise InvalidParameterValue(
            f"The parameter MetricData.member.Timestamp of {datum['MetricName']} must be within the last two weeks and "
            "the next two hours."
        )
    time -= time % (1000 if datum.get("StorageResolution") == 1 else MINUTE)
    unit = datum.get("Unit", "None")
    if sum(name in datum for name in ("Value", "Values", "StatisticValues")) != 1:
        raise InvalidCombination("Each of MetricData must have one of Value, Values and StatisticValues.")
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        samples, total, least, most = (float(given[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
        point = MetricPoint(time, samples, total, least, most, None, unit)
    else:
        point = aggregation.point_of_values(time, _values(datum), unit)
    # A comparison with NaN is false, so NaN is outside, too.
    if not all(abs(each) <= MAX_ABSOLUTE_VALUE for each in (point.samples, point.total, point.minimum, point.maximum)):
        raise InvalidParameterValue(f"A value of {datum['MetricName']} is outside of -2^360 to 2^360.")
    if point.samples < 0:
        raise InvalidParameterValue(f"The sample count of {datum['MetricName']} must not be negative.")
    return point


def _values(datum: Json) -> Iterator[tuple[float, float]]:
    if "Value" in datum:
        yield float(datum["Value"]), 1.0
        return
    values, counts = datum["Values"], datum.get("Counts", [1] * len(datum["Values"]))
    if not values or len(values) > MAX_VALUES or len(values) != len(counts):
        raise InvalidParameterValue(f"Values and Counts must be lists of the same length, of 1 to {MAX_VALUES} each.")
    yield from zip(map(float, values), map(float, counts), strict=True)
