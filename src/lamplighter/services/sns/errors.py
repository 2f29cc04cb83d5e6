"""Define the errors of SNS: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and each operation's page.

The codes are those sent over HTTP (`NotFound`, where the model's shape is NotFoundException), as Step Functions quotes
them. Only for a message attribute that is invalid, AWS sends ParameterValueInvalid, and the code here is the name that
SDKs give the error: InvalidParameterValueException.
"""

from lamplighter.base.errors import AwsError, service_error

NotFound = service_error("NotFound", status=404)
ResourceNotFound = service_error("ResourceNotFound", "Resource does not exist", status=404)
InvalidAttributeValue = service_error("InvalidParameterValueException")
InvalidState = service_error("InvalidState")
AuthorizationError = service_error("AuthorizationError", status=403)
FilterPolicyLimitExceeded = service_error("FilterPolicyLimitExceeded", status=403)
TagLimitExceeded = service_error("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
SubscriptionLimitExceeded = service_error(
    "SubscriptionLimitExceeded",
    "A topic with a MaximumMessageSize above 256 KiB must have 100 or fewer subscriptions.",
    status=403,
)
EmptyBatchRequest = service_error("EmptyBatchRequest", "The batch request doesn't contain any entries.")
TooManyEntriesInBatchRequest = service_error(
    "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."
)
BatchEntryIdsNotDistinct = service_error(
    "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."
)
InvalidBatchEntryId = service_error("InvalidBatchEntryId")
BatchRequestTooLong = service_error(
    "BatchRequestTooLong", "The length of all the messages put together is more than the limit."
)
EndpointDisabled = service_error("EndpointDisabled", "Endpoint is disabled")
PlatformApplicationDisabled = service_error("PlatformApplicationDisabled", "Platform application is disabled")
InvalidSmsEndpoint = service_error("InvalidParameter", "Invalid SMS endpoint: {}")


class InvalidParameter(AwsError):
    """A parameter is invalid: `Invalid parameter: TopicArn Reason: …`."""

    code = "InvalidParameter"

    def __init__(self, what: str, reason: str | None = None) -> None:
        super().__init__(f"Invalid parameter: {what}{f' Reason: {reason}' if reason else ''}")
