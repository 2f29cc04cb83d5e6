"""Build the ARNs of alarms, convert metrics and times, and split lists into pages."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.errors import InvalidNextToken
from lamplighter.services.cloudwatch.tables.metric_points import Metric

SERVICE = "monitoring"
"""The name with which requests to CloudWatch are signed."""
END = 253_402_300_800
"""The start of the year 10000, in seconds since the epoch."""
T = TypeVar("T")


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


def list_page(field: str, found: Iterable[T], most: int, show: Callable[[T], Json], token: Callable[[T], str]) -> Json:
    """Return one page of a list, with a token if there is more; `found` begins after the page before."""
    taken: list[T] = []
    for each in found:
        if len(taken) == most:
            return {field: [show(item) for item in taken], "NextToken": token(taken[-1])}
        taken.append(each)
    return {field: [show(item) for item in taken]}


def to_milliseconds(seconds: float) -> int:
    """Convert seconds since the epoch to milliseconds, limited to the years from 1970 to 9999."""
    return int(min(max(seconds, 0), END) * 1000)


def parse_number(token: str | None) -> int | None:
    """Return the number that a page token holds, or None if there is no token."""
    if token is None:
        return None
    if not (token.isascii() and token.isdigit() and len(token) < 19):
        raise InvalidNextToken("The next token is not one that was given out here.")
    return int(token)
