"""Make the labels of GetMetricData's results: derived ones, and those with dynamic values.

A query without a label is named after its metric, and after whatever tells it from the request's other metrics: the
values of dimensions, the statistic, the period. A label may hold dynamic values, such as `${PROP('Dim.QueueName')}` or
`${MAX}`. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from lamplighter.base.json_text import Json
from lamplighter.base.number_text import java_double

Points = Sequence[tuple[int, float]]
"""Times in milliseconds since the epoch with values, the oldest first."""
_DYNAMIC = re.compile(r"\$\{\s*(?:PROP\(\s*'([^']*)'\s*\)|([A-Z_]+))\s*\}")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a dynamic label can show of a result."""

    default: str
    properties: Mapping[str, str]
    """The properties of the metric that PROP can name."""
    points: Points
    now: int
    zone: timezone


def parse_zone(text: str) -> timezone | None:
    """Return the time zone that `LabelOptions` states, such as +0130, or None if the text is none."""
    found = _ZONE.fullmatch(text)
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(offset if found[1] == "+" else -offset)


def derive_labels(queries: Sequence[Json]) -> dict[str, str]:
    """Return the labels of the queries that have a metric and no label, by their ids."""
    metrics = [query for query in queries if "MetricStat" in query]
    parts = {query["Id"]: _label_parts(query["MetricStat"]) for query in metrics}
    differing = [len({each[at] for each in parts.values()}) > 1 for at in range(5)]
    namespaces, dimensions, names, statistics, periods = differing
    shown = (namespaces, dimensions, names or not (namespaces or dimensions), statistics, periods)
    return {
        key: " ".join(part for part, is_shown in zip(each, shown, strict=True) if is_shown and part) or each[2]
        for key, each in parts.items()
    }


def _label_parts(stat: Json) -> tuple[str, str, str, str, str]:
    metric = stat["Metric"]
    values = " ".join(each["Value"] for each in metric.get("Dimensions", ()))
    return metric.get("Namespace", ""), values, metric.get("MetricName", ""), stat["Stat"], str(stat["Period"])


def metric_properties(query: Json, account: str, region: str) -> dict[str, str]:
    """Return the properties that PROP can name in the label of a query."""
    found = {"AccountId": query.get("AccountId", account), "Region": region}
    if "MetricStat" not in query:
        return found | {"Expression": query.get("Expression", "")}
    stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
    found |= {"MetricName": metric.get("MetricName", ""), "Namespace": metric.get("Namespace", "")}
    found |= {"Period": str(stat["Period"]), "Stat": stat["Stat"]}
    return found | {f"Dim.{each['Name']}": each["Value"] for each in metric.get("Dimensions", ())}


def fill_label(label: str, facts: LabelFacts) -> str:
    """Return a label with its dynamic values; an unknown one stays as it is."""

    def value(found: re.Match[str]) -> str:
        if found[1] is not None:
            return facts.properties.get(found[1], found[0])
        return _live_value(found[2], facts) or found[0]

    return _DYNAMIC.sub(value, label)


def _live_value(name: str, facts: LabelFacts) -> str | None:
    if name == "LABEL":
        return facts.default
    if name == "DATAPOINT_COUNT":
        return str(len(facts.points))
    if not facts.points:
        return "--"
    marks = {
        "FIRST": facts.points[0],
        "LAST": facts.points[-1],
        "MIN": min(facts.points, key=lambda point: point[1]),
        "MAX": max(facts.points, key=lambda point: point[1]),
    }
    values = [value for _, value in facts.points]
    sums = {"SUM": sum(values), "AVG": sum(values) / len(values)}
    if name in sums:
        return _number(sums[name])
    if name in marks:
        return _number(marks[name][1])
    if (of := name.removesuffix("_TIME_RELATIVE")) in marks:
        return _duration(facts.now - marks[of][0])
    if (of := name.removesuffix("_TIME")) in marks:
        moment = datetime.fromtimestamp(marks[of][0] / 1000, UTC).astimezone(facts.zone)
        return f"{moment:%Y-%m-%dT%H:%M:%S.000%z}"
    for low, high in (("FIRST", "LAST"), ("MIN", "MAX")):
        if name == f"{low}_{high}_RANGE":
            return _number(marks[high][1] - marks[low][1])
        if name == f"{low}_{high}_TIME_RANGE":
            return _duration(marks[high][0] - marks[low][0])
    return None


def _number(value: float) -> str:
    return java_double(round(value, 3)).removesuffix(".0")


def _duration(milliseconds: int) -> str:
    """Return a time as days, hours, minutes and seconds, such as 1h 5m."""
    left, shown = abs(milliseconds) // 1000, list[str]()
    for letter, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, left = divmod(left, seconds)
        shown += [f"{number}{letter}"] if number else []
    return " ".join(shown[:2]) or "0s"
