"""Implement ListMetrics: the metrics that users put, and those of the engine's own services.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html.
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch import arns
from lamplighter.services.cloudwatch.arns import metric_to_api
from lamplighter.services.cloudwatch.metrics.metric_sources import MetricSources
from lamplighter.services.cloudwatch.tables.metric_points import Metric
from lamplighter.store.db import Reader

PAGES = replace(arns.PAGES, default_size=500)
LISTED_MS = 14 * 86_400_000
"""The milliseconds after its last value in which a metric is listed: two weeks."""
RECENTLY_ACTIVE_MS = 3 * 3_600_000
"""The milliseconds that RecentlyActive PT3H stands for."""


class MetricList:
    """The operation ListMetrics of one engine."""

    def __init__(self, world: World, metric_sources: MetricSources) -> None:
        self._world = world
        self._metric_sources = metric_sources

    def list_metrics(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List metrics by namespace, name and dimensions (`ListMetrics`)."""
        since = self._world.now() - (RECENTLY_ACTIVE_MS if "RecentlyActive" in params else LISTED_MS)
        known = self._metric_sources.list_metrics(reader, caller, since, params.get("Namespace"))
        found = [each for each in known if _is_wanted(each, params)]
        return PAGES.page_of_list("Metrics", params, found, metric_to_api)


def _is_wanted(metric: Metric, params: Json) -> bool:
    return (
        params.get("Namespace", metric.namespace) == metric.namespace
        and params.get("MetricName", metric.name) == metric.name
        and all(_has_dimension(metric, each) for each in params.get("Dimensions", ()))
    )


def _has_dimension(metric: Metric, wanted: Json) -> bool:
    return any(name == wanted["Name"] and value == wanted.get("Value", value) for name, value in metric.dimensions)
