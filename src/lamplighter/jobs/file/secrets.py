"""Parse where a secret is stored: ssm:/path, secretsmanager:name, secretsmanager:name:key, or an ARN of either service.

On this engine a secret is a line of `.env` or an environment variable. `jobs/iam/secret_grants.py` has the permission
to read one on AWS.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from lamplighter.base.aws.secret_references import SSM, parse_reference
from lamplighter.jobs.file.parsing.invalid_value import InvalidValue

SHORT_REFERENCE = re.compile(
    r"(?P<service>ssm|secretsmanager):(?P<name>[A-Za-z0-9/_+=.@-]+)(:(?P<key>[A-Za-z0-9_.-]+))?"
)
ARN_REFERENCE = re.compile(
    r"arn:[a-z-]+:(?P<service>ssm|secretsmanager):[a-z0-9-]+:[0-9]+:(?P<name>(parameter|secret)[:/].+)"
)


def is_secret_reference(text: str) -> bool:
    """Return whether a text is a valid reference to a secret."""
    short = SHORT_REFERENCE.fullmatch(text)
    return bool(ARN_REFERENCE.fullmatch(text)) or (
        short is not None and not (short["service"] == "ssm" and short["key"])
    )


def _check_reference(text: str) -> str:
    if not is_secret_reference(text):
        instead = "write ssm:/path, secretsmanager:name, secretsmanager:name:key or an ARN"
        raise InvalidValue(f"`{text}` is not a reference to a secret", instead)
    return text


Secret = Annotated[str, AfterValidator(_check_reference)]
"""A reference to a secret."""


def _address_or_secret(pattern: str, what: str, example: str) -> AfterValidator:
    """Return a validator for an address that is a secret, or a reference to one. The error does not quote it."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not is_secret_reference(text) and not compiled.fullmatch(text):
            instead = f"write {example}, or the secret that holds it: ssm:/path or secretsmanager:name"
            raise InvalidValue(f"this is not {what}", instead)
        return text

    return AfterValidator(check)


HeartbeatAddress = Annotated[
    str, _address_or_secret(r"https?://[^\s/]+/[^\s?#]+", "the URL of a check", "one such as https://hc-ping.com/UUID")
]
"""The URL of a check of a monitor, or a reference to one."""
WebhookAddress = Annotated[str, _address_or_secret(r"https://[^\s/]+/\S+", "the URL of a webhook", "https://…")]
"""The URL of a webhook, which is a secret, or a reference to one."""
PostAddress = Annotated[str, _address_or_secret(r"https?://[^\s/]+(/\S*)?", "a URL", "https://…")]
"""The URL of any server, or a reference to one."""
RoutingKey = Annotated[
    str, _address_or_secret("[A-Za-z0-9]{32}", "a routing key of PagerDuty", "its 32 letters and digits")
]
"""A routing key of PagerDuty, or a reference to one."""
MailServerUrl = Annotated[
    str,
    _address_or_secret(
        r"smtps?://([^\s/:@]+@)?[^\s/@]+/?(\?\S*)?",
        "the URL of a mail server without a password",
        "smtp://HOST:PORT?from=ADDRESS",
    ),
]
"""The URL of a mail server, or a reference to one with a password."""


def is_parameter_reference(text: str) -> bool:
    """Return whether a text is a reference to a parameter of Systems Manager."""
    return is_secret_reference(text) and parse_reference(text).service == SSM


def dynamic_reference(text: str) -> str:
    """Return how a CloudFormation template writes a value or a reference to a secret.

    CloudFormation reads `ssm` references of the type String only.
    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html.
    """
    if not is_secret_reference(text):
        return text
    parsed = parse_reference(text)
    if parsed.service == SSM:
        return f"{{{{resolve:ssm:{parsed.name}}}}}"
    name = ":".join(text.split(":")[:7]) if text.startswith("arn:") else parsed.name
    member = f":SecretString:{parsed.key}" if parsed.key else ""
    return f"{{{{resolve:secretsmanager:{name}{member}}}}}"


def has_random_suffix(name: str) -> bool:
    """Return whether a name or ARN ends like the six random characters that Secrets Manager appends."""
    return re.search("-[A-Za-z0-9]{6}$", name) is not None


def is_ambiguous_name(text: str) -> bool:
    """Return whether the short name of a secret cannot be found because it seems to end with a random suffix."""
    short = SHORT_REFERENCE.fullmatch(text)
    return short is not None and short["service"] == "secretsmanager" and has_random_suffix(short["name"])
