"""Check the ARNs of mobile applications and of their endpoints.

An application's ARN ends with `app/GCM/name`, that of an endpoint with `endpoint/GCM/name/id`.
See https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html.
"""

from lamplighter.base.aws import arn
from lamplighter.services.sns.arns import parse_arn
from lamplighter.services.sns.errors import InvalidParameter

APPLICATION_KIND, ENDPOINT_KIND = "app", "endpoint"
PARTS = {APPLICATION_KIND: 3, ENDPOINT_KIND: 4}
"""The number of parts between slashes."""


def is_endpoint_arn(text: str) -> bool:
    """Return whether an ARN, which may be malformed, names an endpoint of a mobile application."""
    found = arn.parse(text)
    return found is not None and found.service == "sns" and found.resource.startswith(f"{ENDPOINT_KIND}/")


def check_application_arn(text: str) -> str:
    """Return the ARN of an application if it is well-formed. Raises `InvalidParameter`."""
    return _check(text, "PlatformApplicationArn", APPLICATION_KIND)


def check_endpoint_arn(text: str, parameter: str = "EndpointArn") -> str:
    """Return the ARN of an endpoint if it is well-formed. Raises `InvalidParameter`."""
    return _check(text, parameter, ENDPOINT_KIND)


def _check(text: str, parameter: str, kind: str) -> str:
    parts = parse_arn(text, parameter).resource.split("/")
    if len(parts) != PARTS[kind] or parts[0] != kind:
        raise InvalidParameter(parameter, "Wrong number of slashes in relative portion of the ARN.")
    return text
