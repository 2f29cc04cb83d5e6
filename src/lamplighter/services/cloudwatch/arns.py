"""Build the ARNs of alarms, and convert metrics and times."""

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.cloudwatch.errors import InvalidNextToken
from lamplighter.services.cloudwatch.tables.metric_points import Metric

SERVICE = "monitoring"
SERVICE_PRINCIPAL = "cloudwatch.amazonaws.com"
"""The name with which requests to CloudWatch are signed."""
PAGES = Pages(lambda: InvalidNextToken("The parameter NextToken is invalid."), size_name="MaxRecords", default_size=50)
YEAR_10000 = 253_402_300_800
"""The start of the year 10000, in seconds since the epoch."""


def alarm_arn(caller: Caller, name: str) -> str:
    """Return the ARN of an alarm."""
    return arn.build("cloudwatch", caller.region, caller.account, f"alarm:{name}")


def metric_of(caller: Caller, given: Json) -> Metric:
    """Return the metric of a request's Namespace, MetricName and Dimensions."""
    dimensions = sorted((each["Name"], each["Value"]) for each in given.get("Dimensions", ()))
    return Metric(caller.account, caller.region, given["Namespace"], given["MetricName"], tuple(dimensions))


def metric_to_api(metric: Metric) -> Json:
    """Return a metric as the API shows it."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def to_milliseconds(seconds: float) -> int:
    """Convert seconds since the epoch to milliseconds, limited to the years from 1970 to 9999."""
    return int(min(max(seconds, 0), YEAR_10000) * 1000)
