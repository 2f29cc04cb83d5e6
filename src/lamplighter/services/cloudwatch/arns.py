"""How CloudWatch names things, and how its lists are turned over."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudwatch.errors import InvalidNextToken
from lamplighter.services.cloudwatch.tables.metric_points import Metric

SERVICE = "monitoring"
"""The signing name."""
END = 253_402_300_800
"""Seconds since the epoch: the year 10000."""
T = TypeVar("T")


def alarm_arn(caller: Caller, name: str) -> str:
    """The ARN of an alarm."""
    return arn.build("cloudwatch", caller.region, caller.account, f"alarm:{name}")


def metric_of(caller: Caller, given: Json) -> Metric:
    """The metric that Namespace, MetricName and Dimensions name."""
    dimensions = sorted((each["Name"], each["Value"]) for each in given.get("Dimensions", ()))
    return Metric(caller.account, caller.region, given["Namespace"], given["MetricName"], tuple(dimensions))


def metric_to_api(metric: Metric) -> Json:
    """A metric as the API has it."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def list_page(field: str, found: Iterable[T], most: int, show: Callable[[T], Json], token: Callable[[T], str]) -> Json:
    """One page of a list; `found` begins where the page before ended."""
    taken: list[T] = []
    for each in found:
        if len(taken) == most:
            return {field: [show(item) for item in taken], "NextToken": token(taken[-1])}
        taken.append(each)
    return {field: [show(item) for item in taken]}


def to_milliseconds(seconds: float) -> int:
    """An instant as rows have it; what is before the epoch or after the year 9999 is as far as they go."""
    return int(min(max(seconds, 0), END) * 1000)


def parse_number(token: str | None) -> int | None:
    """The number that a token is."""
    if token is None:
        return None
    if not (token.isascii() and token.isdigit() and len(token) < 19):
        raise InvalidNextToken("The next token is not one that was given out here.")
    return int(token)
