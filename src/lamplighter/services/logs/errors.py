"""Define the errors of CloudWatch Logs.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and the page of each
operation.
"""

from lamplighter.base.errors import ServiceError, service_error

InvalidParameter = service_error("InvalidParameterException")
NotFound = service_error("ResourceNotFoundException", "The specified {} does not exist.")
AlreadyExists = service_error("ResourceAlreadyExistsException", "The specified {} already exists")
LimitExceeded = service_error("LimitExceededException", "Resource limit exceeded.")
CrossAccountFunction = service_error(
    "AccessDeniedException",
    "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account "
    "lambda triggers.",
)
NotForClass = service_error(
    "InvalidOperationException", "This operation is not supported for log groups of the class {}."
)
NoQuery = service_error("ResourceNotFoundException", "The specified query does not exist.")
NoQueryDefinition = service_error("ResourceNotFoundException", "The specified query definition does not exist.")
NoLogGroup = service_error("ResourceNotFoundException", "Log group '{}' does not exist for account ID '{}'")


class MalformedQuery(ServiceError, code="MalformedQueryException"):
    """A query with a fault, and the place of the fault: the offsets of its first character and of the one behind it."""

    def __init__(self, message: str, reason: str, start: int, end: int) -> None:
        super().__init__(message)
        location = {"startCharOffset": start, "endCharOffset": end}
        self.members = {"queryCompileError": {"location": location, "message": reason}}


Protected = service_error(
    "ValidationException",
    "The log group {} has deletion protection enabled. Disable deletion protection and try again.",
)
NotInAccount = service_error("ResourceNotFoundException", "Requested {} does not exist in this account.")
ServiceNotAccessible = service_error("ResourceNotFoundException", "Cannot access provided service.")
Conflict = service_error("ConflictException")
InvalidDelivery = service_error("ValidationException")
NotForDelivery = service_error("ValidationException", "This operation is not supported for Delivery log class")
TooManyTags = service_error("TooManyTagsException", "A resource can have no more than 50 tags.")
