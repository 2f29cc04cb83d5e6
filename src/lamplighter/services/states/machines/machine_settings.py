"""Check and complete the settings of a state machine: logging, tracing, encryption.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html. Guarantees that stored
settings are complete, as AWS shows them. Rejects settings that AWS rejects.
"""

from collections.abc import Callable

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.services.states.errors import InvalidEncryptionConfiguration, InvalidLoggingConfiguration

DEFAULTS: Json = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
SETTINGS = tuple(DEFAULTS)

LogGroupExists = Callable[[str], bool]
"""A function that returns whether a log group with this ARN exists."""


def merge_settings(base: Json, params: Json, log_group_exists: LogGroupExists) -> Json:
    """Return the settings that a request specifies, with `base` for those that it omits."""
    given: Json = {name: DEFAULTS[name] | params[name] for name in SETTINGS if name in params}
    if "loggingConfiguration" in given:
        _check_logging(given["loggingConfiguration"], log_group_exists)
    if "encryptionConfiguration" in given:
        _check_encryption(given["encryptionConfiguration"])
    return base | given


def _check_logging(logging: Json, log_group_exists: LogGroupExists) -> None:
    """Check the destinations.

    They are "Limited to size 1. Required, if your log level is not set to OFF". Their ARN ends with `:*`.
    """
    destinations = logging.get("destinations", [])
    if len(destinations) > 1 or (not destinations and logging["level"] != "OFF"):
        raise InvalidLoggingConfiguration("Must specify exactly one Log Destination.")
    for destination in destinations:
        group = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        parsed = arn.parse(group)
        if parsed is None or parsed.service != "logs" or not parsed.resource.startswith("log-group:"):
            raise InvalidLoggingConfiguration("Invalid Log Destination.")
        if not group.endswith(":*") or not log_group_exists(group):
            raise InvalidLoggingConfiguration("Log Destination not found.")


def _check_encryption(encryption: Json) -> None:
    """Require a KMS key with CUSTOMER_MANAGED_KMS_KEY, and reject one with any other type."""
    if encryption["type"] == "CUSTOMER_MANAGED_KMS_KEY":
        if not encryption.get("kmsKeyId"):
            raise InvalidEncryptionConfiguration("kmsKeyId must be specified for CUSTOMER_MANAGED_KMS_KEY")
        encryption.setdefault("kmsDataKeyReusePeriodSeconds", 300)
    elif "kmsKeyId" in encryption or "kmsDataKeyReusePeriodSeconds" in encryption:
        raise InvalidEncryptionConfiguration("A KMS key cannot be specified for AWS_OWNED_KEY")
