"""Which answers mean that a call has failed, and which failures are worth another try.

"EventBridge retries … 5xx or 429": what is throttled, broken or out of reach is tried again; missing targets, missing
permissions and calls that make no sense are not.
See https://repost.aws/knowledge-center/eventbridge-resolve-failedinvocation-errors.
"""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.delivery.delivery import Delivery

THROTTLED = frozenset(
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
"""What the AWS SDKs take for throttling, whatever the status:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html."""


class TargetRefused(AwsError):
    """The call was answered, and the answer says no."""

    code = "ERROR_FROM_TARGET"

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message, status=503 if again else 400)


def is_retryable(error: AwsError) -> bool:
    """Whether the same call may succeed later."""
    return error.status >= 500 or error.status == 429 or error.code in THROTTLED


def check_answer(delivery: Delivery, answer: Json) -> None:
    """Raise where an answer says that nothing was done, though the call was answered."""
    if delivery.operation == "RunTask" and not answer.get("tasks"):
        reasons = [failure.get("reason", "") for failure in answer.get("failures", ())]
        # "RESOURCE:MEMORY" and its kin pass when other tasks end; what is MISSING or INACTIVE stays so.
        raise TargetRefused(", ".join(reasons), again=not set(reasons) & {"MISSING", "INACTIVE", "ATTRIBUTE"})
    if delivery.operation == "PutEvents" and answer.get("FailedEntryCount"):
        entry = next(entry for entry in answer["Entries"] if "ErrorCode" in entry)
        again = entry["ErrorCode"] in ("ThrottlingException", "InternalFailure")
        raise TargetRefused(f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}", again=again)
    if delivery.operation in ("SendMessageBatch", "PublishBatch") and answer.get("Failed"):
        raise TargetRefused(answer["Failed"][0].get("Message", ""), again=not answer["Failed"][0].get("SenderFault"))
