"""How each service words its refusals: facts that botocore's models do not hold.

Promises data only. The sources are AWS's recorded answers and its API references: an Amazon ECS operation documents
ClientException and InvalidParameterException, CloudWatch Logs answers a value outside its constraints with
InvalidParameterException, the query services with ValidationError, and SQS speaks of missing parameters only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


def _coral(token: str, kind: str) -> str:
    return f"{token} can not be converted to {kind}"


def _plain(token: str, kind: str) -> str:
    return f"{token} cannot be converted to {kind.removeprefix('an ').removeprefix('a ')}"


@dataclass(frozen=True, slots=True)
class ServiceQuirks:
    """The wording of one service."""

    fault: str = "ValidationException"
    """The code of an error about values outside their constraints."""
    constrained: bool = True
    """Whether the front of the service checks constraints; otherwise only that what is required is there."""
    conversion: Callable[[str, str], str] = _coral
    """The message for a JSON token (`STRING_VALUE`) where another kind (`an Integer`) belongs."""
    unenforced: frozenset[str] = frozenset()
    """Shapes whose constraints the model states and AWS was seen not to hold its callers to."""
    unmodelled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Members, by shape, that AWS prints although the public model lacks them."""
    codes: dict[str, str] = field(default_factory=dict)
    """The query protocol's codes, by error shape, where the model does not say."""


_SQS = "AWS.SimpleQueueService."

_MANNERS = {
    "ecs": ServiceQuirks(fault="InvalidParameterException", conversion=_plain),
    "events": ServiceQuirks(
        unenforced=frozenset({"ConnectionOAuthHttpMethod"}),
        unmodelled={"PutEventsRequestEntry": ("kmsKeyIdentifier", "internalMetadata")},
    ),
    "logs": ServiceQuirks(fault="InvalidParameterException"),
    "sns": ServiceQuirks(fault="ValidationError"),
    "cloudformation": ServiceQuirks(fault="ValidationError"),
    "sqs": ServiceQuirks(
        fault="MissingParameter",
        constrained=False,
        codes={
            "BatchEntryIdsNotDistinct": _SQS + "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong": _SQS + "BatchRequestTooLong",
            "EmptyBatchRequest": _SQS + "EmptyBatchRequest",
            "InvalidBatchEntryId": _SQS + "InvalidBatchEntryId",
            "KmsAccessDenied": "KMS.AccessDeniedException",
            "KmsDisabled": "KMS.DisabledException",
            "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
            "KmsInvalidState": "KMS.InvalidStateException",
            "KmsNotFound": "KMS.NotFoundException",
            "KmsOptInRequired": "KMS.OptInRequired",
            "KmsThrottled": "KMS.ThrottlingException",
            "MessageNotInflight": _SQS + "MessageNotInflight",
            "PurgeQueueInProgress": _SQS + "PurgeQueueInProgress",
            "QueueDeletedRecently": _SQS + "QueueDeletedRecently",
            "QueueDoesNotExist": _SQS + "NonExistentQueue",
            "QueueNameExists": "QueueAlreadyExists",
            "TooManyEntriesInBatchRequest": _SQS + "TooManyEntriesInBatchRequest",
            "UnsupportedOperation": _SQS + "UnsupportedOperation",
        },
    ),
}

_DEFAULT = ServiceQuirks()


def quirks_of(service: str) -> ServiceQuirks:
    """The wording of a service, by its signing name."""
    return _MANNERS.get(service, _DEFAULT)
