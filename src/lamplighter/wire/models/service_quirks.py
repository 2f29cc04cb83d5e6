"""List how each service words its validation errors: facts that botocore's models lack.

Contains data only, from AWS's recorded answers and its API references. An Amazon ECS operation documents
ClientException and InvalidParameterException. For a value that violates a constraint, CloudWatch Logs returns
InvalidParameterException, and the query services return ValidationError. SQS reports missing parameters only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


def _coral(token: str, kind: str) -> str:
    return f"{token} can not be converted to {kind}"


def _plain(token: str, kind: str) -> str:
    return f"{token} cannot be converted to {kind.removeprefix('an ').removeprefix('a ')}"


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
    unmodelled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Members, by shape, that AWS prints although the public model lacks them."""
    query_error_codes: dict[str, str] = field(default_factory=dict)
    """The query protocol's error codes, by error shape, if the model does not state them."""


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
    "logs": ServiceQuirks(violation_code="InvalidParameterException"),
    "sns": ServiceQuirks(violation_code="ValidationError"),
    "s3": ServiceQuirks(violation_code="InvalidRequest", constrained=False),
    "cloudformation": ServiceQuirks(violation_code="ValidationError"),
    "sqs": ServiceQuirks(
        violation_code="MissingParameter",
        constrained=False,
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
    ),
}

_DEFAULT_QUIRKS = ServiceQuirks()


def quirks_of(service: str) -> ServiceQuirks:
    """Return the error wording of a service, by its signing name."""
    return _QUIRKS.get(service, _DEFAULT_QUIRKS)
