"""Check the metric of a metric filter and the destination of a subscription filter.

Rejects settings that can never have an effect. See
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html.
"""

from collections.abc import Sequence

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.log_pattern.terms import parse_number
from lamplighter.services.logs.errors import CrossAccountFunction, InvalidParameter

MAX_DIMENSIONS = 3
RESERVED_PREFIX = "AWS/"
LOGS_SERVICE = "logs"
"""The service in the ARN of a destination that PutDestination creates."""
DESTINATION_PREFIXES = {
    "kinesis": "stream/",
    "firehose": "deliverystream/",
    "lambda": "function:",
    LOGS_SERVICE: "destination:",
}
"""The services that can receive log events, with the prefix of their resources in ARNs."""


def check_transformation(transformation: Json, system_fields: Sequence[str]) -> None:
    """Raise `InvalidParameter` if a metric transformation is invalid."""
    if transformation["metricNamespace"].startswith(RESERVED_PREFIX):
        raise _invalid(f"metric namespaces starting with {RESERVED_PREFIX} are reserved for AWS.")
    value, dimensions = transformation["metricValue"], transformation.get("dimensions", {})
    if not value.startswith("$") and parse_number(value) is None:
        raise _invalid(f"metric value '{value}' must be a number, or a field of the log event such as $.name or $name.")
    if dimensions and "defaultValue" in transformation:
        raise _invalid("dimensions and default value are mutually exclusive properties.")
    if len(dimensions) + len(system_fields) > MAX_DIMENSIONS:
        raise _invalid(f"a metric filter can have at most {MAX_DIMENSIONS} dimensions.")
    for name, field in dimensions.items():
        if not name or not field.startswith("$"):
            raise _invalid(f"dimension '{name}' must be a field of the log event such as $.name or $name.")


def _invalid(reason: str) -> AwsError:
    return InvalidParameter(f"Invalid metric transformation: {reason}")


def check_destination(caller: Caller, params: Json) -> None:
    """Raise `InvalidParameter` if CloudWatch Logs cannot deliver to the destination."""
    text = params["destinationArn"]
    destination = arn.parse(text)
    if destination is None or not destination.resource.startswith(DESTINATION_PREFIXES.get(destination.service, "\0")):
        raise InvalidParameter(
            f"destinationArn {text} is not supported: use a Kinesis stream, a Firehose delivery stream, a Lambda "
            "function or a destination of CloudWatch Logs."
        )
    if destination.service != LOGS_SERVICE and destination.account != caller.account:
        if destination.service == "lambda":
            raise CrossAccountFunction
        raise InvalidParameter(f"destinationArn {text} must belong to the account of the subscription filter.")
    role = "roleArn" in params
    if destination.service == "lambda" and role:
        raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
    if destination.service in ("kinesis", "firehose") and not role:
        raise InvalidParameter(f"destinationArn for vendor {destination.service} cannot be used without roleArn")
