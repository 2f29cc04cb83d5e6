"""Decide which answers mean that a call failed, and which failures are retried.

"EventBridge retries … 5xx or 429": throttled calls, server errors and unreachable targets are retried. Missing targets,
missing permissions and invalid calls are not.
See https://repost.aws/knowledge-center/eventbridge-resolve-failedinvocation-errors.
"""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.delivery.delivery import Delivery
from lamplighter.outbound.port import DeliveryFailed

THROTTLING_CODES = frozenset(
    {
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Error codes that the AWS SDKs treat as throttling, with any status:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html."""


def is_retryable(error: AwsError) -> bool:
    """Return whether the same call may succeed later."""
    return error.status >= 500 or error.status == 429 or error.code in THROTTLING_CODES


def check_answer(delivery: Delivery, answer: Json) -> None:
    """Raise `DeliveryFailed` if an answer with a successful status means that the target did not do the work."""
    if delivery.operation == "RunTask" and not answer.get("tasks"):
        reasons = [failure.get("reason", "") for failure in answer.get("failures", ())]
        # "RESOURCE:MEMORY" and similar reasons can disappear when other tasks end; MISSING and INACTIVE do not.
        raise DeliveryFailed(", ".join(reasons), retryable=not set(reasons) & {"MISSING", "INACTIVE", "ATTRIBUTE"})
    if delivery.operation == "PutEvents" and answer.get("FailedEntryCount"):
        entry = next(entry for entry in answer["Entries"] if "ErrorCode" in entry)
        retryable = entry["ErrorCode"] in ("ThrottlingException", "InternalFailure")
        raise DeliveryFailed(f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}", retryable=retryable)
    if delivery.operation in ("SendMessageBatch", "PublishBatch") and answer.get("Failed"):
        raise DeliveryFailed(
            answer["Failed"][0].get("Message", ""), retryable=not answer["Failed"][0].get("SenderFault")
        )
