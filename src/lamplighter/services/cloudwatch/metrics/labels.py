"""Derive the labels of GetMetricData's results.

A query without a label is named after its metric, and after whatever tells it from the request's other metrics: the
values of dimensions, the statistic, the period. A label that a request gives is returned as it is, without the dynamic
values that AWS would fill in, such as `${MAX}`.
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html.
"""

from collections.abc import Sequence

from lamplighter.base.json_text import Json


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
