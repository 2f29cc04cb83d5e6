"""List how each service words its validation errors: facts that botocore's models lack.

Contains data only, from AWS's recorded answers and its API references. An Amazon ECS operation documents
ClientException and InvalidParameterException. For a value that violates a constraint, CloudWatch Logs returns
InvalidParameterException (for deliveries, ValidationException: `catalog.py`), and the query services return
ValidationError. SQS reports missing parameters only, and SNS has an error of its own for a missing ARN.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lamplighter.base.errors import AwsError


def _coral(token: str, kind: str) -> str:
    return f"{token} can not be converted to {kind}"


def _plain(token: str, kind: str) -> str:
    return f"{token} cannot be converted to {kind.removeprefix('an ').removeprefix('a ')}"


def _no_value(name: str) -> AwsError:
    return AwsError(f"Invalid parameter: {name} Reason: no value for required parameter", code="InvalidParameter")


@dataclass(frozen=True, slots=True)
class ServiceQuirks:
    """The error wording of one service."""

    violation_code: str = "ValidationException"
    constrained: bool = True
    """Whether the service's front end checks constraints; otherwise it only requires the required members."""
    conversion: Callable[[str, str], str] = _coral
    """Returns the message for a JSON token (`STRING_VALUE`) in place of another kind (`an Integer`)."""
    unenforced: frozenset[str] = frozenset()
    """Shapes whose constraints the model states but AWS does not enforce, as its answers show."""
    missing_arn: Callable[[str], AwsError] | None = None
    """Builds the error for a required ARN that is missing, by its name; otherwise that is a constraint violation."""
    checked_by_service: dict[str, frozenset[str]] = field(default_factory=dict)
    """Required members, by shape, that the service itself requires, after other checks."""
    unmodelled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Members, by shape, that AWS prints although the public model lacks them."""
    printed_orders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The order in which AWS prints members, by shape, where it is not the model's."""
    own_messages: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By input shape: the end of the text of a violation, and the message that AWS returns in its place."""
    query_error_codes: dict[str, str] = field(default_factory=dict)
    """The query protocol's error codes, by error shape, if the model does not state them."""
    query_messages: dict[str, str] = field(default_factory=dict)
    """The messages of errors in the query protocol, by error shape, where they differ."""
    form_names: bool = False
    """Whether violations name members as the fields of a form: those of the query protocol of SQS."""
    error_namespaces: tuple[str, str] = ("", "")
    """What precedes the type of an error in JSON: of one that the model has, and of a common one."""
    common_error_types: dict[str, str] = field(default_factory=dict)
    """The types in JSON of common errors, by their codes, where they differ."""
    error_detail: str = ""
    """What follows the message of an error in XML."""
    unknown_action: str = "The service '{service}' has no operation '{operation}'."
    """The message for an operation that the service does not have."""
    account_actions: frozenset[str] = frozenset()
    """Operations of the query protocol that are not valid at the address of one resource."""


COMMON_QUERY_CODES = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
}
"""Errors of all services whose code in the query protocol differs from that of the JSON protocols."""

_SQS = "AWS.SimpleQueueService."
_SQS_QUERY_ERRORS = (
    "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId",
    "MessageNotInflight", "PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
)  # fmt: skip
"""Error shapes whose code is their name after the prefix."""

_QUIRKS = {
    "ecs": ServiceQuirks(violation_code="InvalidParameterException", conversion=_plain),
    "events": ServiceQuirks(
        unenforced=frozenset({"ConnectionOAuthHttpMethod"}),
        unmodelled={"PutEventsRequestEntry": ("kmsKeyIdentifier", "internalMetadata")},
    ),
    "logs": ServiceQuirks(
        violation_code="InvalidParameterException",
        printed_orders={
            "MetricTransformation": (
                *("metricName", "metricNamespace", "metricValue", "defaultValue", "unit", "dimensions"),
            )
        },
        own_messages={
            f"Delete{kind}FilterRequest": (
                "'logGroupName' failed to satisfy constraint: Member must have length less than or equal to 512",
                "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
            )
            for kind in ("Metric", "Subscription")
        },
    ),
    "sns": ServiceQuirks(
        violation_code="ValidationError",
        missing_arn=_no_value,
        checked_by_service={
            "MessageAttributeValue": frozenset({"DataType"}),
            "SetEndpointAttributesInput": frozenset({"Attributes"}),
            "SetPlatformApplicationAttributesInput": frozenset({"Attributes"}),
        },
    ),
    "s3": ServiceQuirks(
        violation_code="InvalidRequest",
        constrained=False,
        checked_by_service=dict.fromkeys(
            ("BucketLifecycleConfiguration", "OwnershipControls", "ServerSideEncryptionConfiguration"),
            frozenset({"Rules"}),
        ),
    ),
    "cloudformation": ServiceQuirks(violation_code="ValidationError"),
    "iam": ServiceQuirks(violation_code="ValidationError"),
    "sts": ServiceQuirks(violation_code="ValidationError"),
    "sqs": ServiceQuirks(
        violation_code="MissingParameter",
        constrained=False,
        checked_by_service={
            "MessageAttributeValue": frozenset({"DataType"}),
            "MessageSystemAttributeValue": frozenset({"DataType"}),
        },
        query_messages={"QueueDoesNotExist": "The specified queue does not exist for this wsdl version."},
        query_error_codes={
            **{name: _SQS + name for name in _SQS_QUERY_ERRORS},
            "KmsAccessDenied": "KMS.AccessDeniedException",
            "KmsDisabled": "KMS.DisabledException",
            "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
            "KmsInvalidState": "KMS.InvalidStateException",
            "KmsNotFound": "KMS.NotFoundException",
            "KmsOptInRequired": "KMS.OptInRequired",
            "KmsThrottled": "KMS.ThrottlingException",
            "QueueDoesNotExist": _SQS + "NonExistentQueue",
            "QueueNameExists": "QueueAlreadyExists",
        },
        error_namespaces=("com.amazonaws.sqs#", "com.amazon.coral.service#"),
        common_error_types={
            "InvalidParameterValue": "InvalidParameterValueException",
            "MissingParameter": "MissingRequiredParameterException",
        },
        error_detail="<Detail/>",
        unknown_action="The action {operation} is not valid for this endpoint.",
        account_actions=frozenset({"CreateQueue", "ListQueues"}),
    ),
}

_DEFAULT_QUIRKS = ServiceQuirks()


def quirks_of(service: str) -> ServiceQuirks:
    """Return the error wording of a service, by its signing name."""
    return _QUIRKS.get(service, _DEFAULT_QUIRKS)
