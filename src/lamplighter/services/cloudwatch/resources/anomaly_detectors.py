"""Implement anomaly detectors: they are stored and shown, but never trained, so that they have no bands.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAnomalyDetector.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller, Operation
from lamplighter.services.cloudwatch.errors import (
    InvalidCombination,
    MissingParameter,
    ResourceNotFoundException,
)
from lamplighter.services.cloudwatch.resources.resource_pages import page_start, resource_page
from lamplighter.services.cloudwatch.tables import monitoring_resources as rows
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource
from lamplighter.store.db import Reader, Tx

ANOMALY_DETECTOR = "anomaly-detector"
PAGE = 100
SINGLE, MATH = "SingleMetricAnomalyDetector", "MetricMathAnomalyDetector"
METRIC_FIELDS = ("Namespace", "MetricName", "Stat")
TYPES = {"SINGLE_METRIC": SINGLE, "METRIC_MATH": MATH}
NOT_TRAINED = "PENDING_TRAINING"


def _detector(params: Json) -> Json:
    """Return the detector that a request describes: {SINGLE: …} or {MATH: …}."""
    flat = {name: params[name] for name in (*METRIC_FIELDS, "Dimensions") if name in params}
    given = [name for name in (SINGLE, MATH) if name in params]
    if len(given) + bool(flat) > 1:
        raise InvalidCombination(
            f"Only one of {SINGLE}, {MATH}, and the parameters of a single metric can be specified."
        )
    if MATH in params:
        return {MATH: params[MATH]}
    metric = params.get(SINGLE, flat)
    for name in METRIC_FIELDS:
        if name not in metric:
            raise MissingParameter(f"The parameter {name} is required.")
    dimensions = sorted(metric.get("Dimensions", ()), key=lambda each: str(each["Name"]))
    return {SINGLE: {**metric, "Dimensions": dimensions}}


def _put(tx: Tx, caller: Caller, params: Json) -> None:
    detector = _detector(params)
    body = {"detector": detector, **{each: params.get(each) for each in ("Configuration", "MetricCharacteristics")}}
    rows.put(tx, MonitoringResource(ANOMALY_DETECTOR, caller.account, caller.region, _key(detector), body, {}))


def _key(detector: Json) -> str:
    """Return the name of a detector: two requests for the same metric name the same detector."""
    kind, watched = next(iter(detector.items()))
    return dumps([kind, dict(sorted(watched.items()))])


def _delete(tx: Tx, caller: Caller, params: Json) -> None:
    key = _key(_detector(params))
    if not rows.delete(tx, ANOMALY_DETECTOR, caller.account, caller.region, key):
        raise ResourceNotFoundException("There is no such anomaly detector.")


def _describe(reader: Reader, caller: Caller, params: Json) -> Json:
    found = rows.list_all(reader, ANOMALY_DETECTOR, caller.account, caller.region, page_start(params))
    wanted = (each for each in found if _is_wanted(each.body["detector"], params))
    return resource_page("AnomalyDetectors", wanted, params.get("MaxResults", PAGE), _show)


def _is_wanted(detector: Json, params: Json) -> bool:
    wanted = [TYPES[each] for each in params.get("AnomalyDetectorTypes") or ["SINGLE_METRIC"]]
    if not any(kind in detector for kind in wanted):
        return False
    metric = detector.get(SINGLE, {})
    dimensions = metric.get("Dimensions", [])
    return all(params.get(name, metric.get(name)) == metric.get(name) for name in ("Namespace", "MetricName")) and all(
        each in dimensions for each in params.get("Dimensions", ())
    )


def _show(resource: MonitoringResource) -> Json:
    detector = resource.body["detector"]
    metric = detector.get(SINGLE, {})
    shown = {name: metric[name] for name in (*METRIC_FIELDS, "Dimensions") if name in metric}
    configuration = {"ExcludedTimeRanges": []} | (resource.body["Configuration"] or {})
    shown |= {"Configuration": configuration, "StateValue": NOT_TRAINED, **detector}
    if SINGLE in detector:
        shown[SINGLE] = {"AccountId": resource.account} | metric
    characteristics = resource.body["MetricCharacteristics"]
    return shown if characteristics is None else shown | {"MetricCharacteristics": characteristics}


OPERATIONS: Mapping[str, Operation] = {
    "PutAnomalyDetector": Operation(write=_put),
    "DescribeAnomalyDetectors": Operation(read=_describe),
    "DeleteAnomalyDetector": Operation(write=_delete),
}
