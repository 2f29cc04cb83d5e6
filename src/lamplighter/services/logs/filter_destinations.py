"""Check the metric of a metric filter and the destination of a subscription filter.

Rejects settings that can never have an effect. See
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html.
"""

from collections.abc import Sequence

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.log_pattern.terms import parse_number
from lamplighter.services.logs.errors import InvalidParameter

MOST_DIMENSIONS = 3
"""The most dimensions of the metric of one metric filter."""
RESERVED = "AWS/"
LOGICAL = "logs"
"""The service in the ARN of a destination that PutDestination creates."""
VENDORS = {"kinesis": "stream/", "firehose": "deliverystream/", "lambda": "function:", LOGICAL: "destination:"}
"""The services that can receive log events, with the prefix of their resources in ARNs."""


def check_transformation(made: Json, system: Sequence[str]) -> None:
    """Raise `InvalidParameter` if a metric transformation is invalid."""
    if made["metricNamespace"].startswith(RESERVED):
        raise _invalid(f"metric namespaces starting with {RESERVED} are reserved for AWS.")
    value, dimensions = made["metricValue"], made.get("dimensions", {})
    if not value.startswith("$") and parse_number(value) is None:
        raise _invalid(f"metric value '{value}' must be a number, or a field of the log event such as $.name or $name.")
    if dimensions and "defaultValue" in made:
        raise _invalid("dimensions and default value are mutually exclusive properties.")
    if len(dimensions) + len(system) > MOST_DIMENSIONS:
        raise _invalid(f"a metric filter can have at most {MOST_DIMENSIONS} dimensions.")
    for name, field in dimensions.items():
        if not name or not field.startswith("$"):
            raise _invalid(f"dimension '{name}' must be a field of the log event such as $.name or $name.")


def _invalid(reason: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid metric transformation: {reason}")


def check_destination(caller: Caller, params: Json) -> None:
    """Raise `InvalidParameter` if CloudWatch Logs cannot deliver to the destination."""
    text = params["destinationArn"]
    place = arn.parse(text)
    if place is None or not place.resource.startswith(VENDORS.get(place.service, "\0")):
        raise InvalidParameter(
            f"destinationArn {text} is not supported: use a Kinesis stream, a Firehose delivery stream, a Lambda "
            "function or a destination of CloudWatch Logs."
        )
    if place.service != LOGICAL and place.account != caller.account:
        raise InvalidParameter(f"destinationArn {text} must belong to the account of the subscription filter.")
    role = "roleArn" in params
    if place.service == "lambda" and role:
        raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
    if place.service in ("kinesis", "firehose") and not role:
        raise InvalidParameter(f"destinationArn for vendor {place.service} cannot be used without roleArn")
