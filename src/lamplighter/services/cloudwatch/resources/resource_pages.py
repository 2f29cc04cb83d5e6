"""Return lists of dashboards, metric streams, rules of Contributor Insights and anomaly detectors in pages.

A page begins after the name in its token. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetricStreams.html.
"""

from collections.abc import Callable, Iterable

from lamplighter.base.json_text import Json
from lamplighter.operations.paging import decode_token, encode_token, list_page
from lamplighter.services.cloudwatch.errors import InvalidNextToken
from lamplighter.services.cloudwatch.tables.monitoring_resources import MonitoringResource


def page_start(params: Json) -> str:
    """Return the name after which a page begins; it is empty for the first page. Raises `InvalidNextToken`."""
    return decode_token(params.get("NextToken"), lambda: InvalidNextToken("The parameter NextToken is invalid."))


def resource_page(
    field: str, found: Iterable[MonitoringResource], size: int, show: Callable[[MonitoringResource], Json]
) -> Json:
    """Return a page of at most `size` resources; `found` yields those from its start on, in order of name."""
    return list_page(field, found, size, show, lambda each: encode_token(each.name))
