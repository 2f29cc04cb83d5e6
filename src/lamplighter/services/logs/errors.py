"""Define the errors of CloudWatch Logs.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and the page of each
operation.
"""

from lamplighter.base.errors import service_error

InvalidParameter = service_error("InvalidParameterException")
NotFound = service_error("ResourceNotFoundException", "The specified {} does not exist.")
AlreadyExists = service_error("ResourceAlreadyExistsException", "The specified {} already exists")
LimitExceeded = service_error("LimitExceededException", "Resource limit exceeded.")
CrossAccountFunction = service_error(
    "AccessDeniedException",
    "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account "
    "lambda triggers.",
)


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
