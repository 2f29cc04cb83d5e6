"""Define the errors of Step Functions' operations, with AWS's wording.

See the exceptions of https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html.
"""

from lamplighter.base.errors import service_error

InvalidArn = service_error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: {}'")
WrongResource = service_error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: {}'")
InvalidName = service_error("InvalidName", "Invalid Name: '{}'")
StateMachineDoesNotExist = service_error("StateMachineDoesNotExist", "State Machine Does Not Exist: '{}'")
StateMachineAlreadyExists = service_error("StateMachineAlreadyExists", "State Machine Already Exists: '{}'")
ExecutionDoesNotExist = service_error("ExecutionDoesNotExist", "Execution Does Not Exist: '{}'")
ExecutionAlreadyExists = service_error("ExecutionAlreadyExists", "Execution Already Exists: '{}'")
ExecutionNotRedrivable = service_error("ExecutionNotRedrivable")
InvalidExecutionInput = service_error("InvalidExecutionInput", "Invalid State Machine Execution Input: '{}'")
InvalidOutput = service_error("InvalidOutput", "Invalid Output: '{}'")
InvalidToken = service_error("InvalidToken", "Invalid Token: 'Invalid token'")
TaskTimedOut = service_error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
ActivityDoesNotExist = service_error("ActivityDoesNotExist", "Activity Does Not Exist: '{}'")
ActivityAlreadyExists = service_error("ActivityAlreadyExists", "Activity Already Exists: '{}'")
StateMachineTypeNotSupported = service_error(
    "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
)
MissingRequiredParameter = service_error("MissingRequiredParameter")
ResourceNotFound = service_error("ResourceNotFound", "Resource not found: '{}'")
AliasNotFound = service_error("ResourceNotFound", "Request references a resource that does not exist.")
TooManyTags = service_error("TooManyTags", "You've exceeded the number of tags allowed for a resource.")
StateMachineDeleting = service_error("StateMachineDeleting", "State Machine is being deleted: '{}'")
Conflict = service_error("ConflictException")
Invalid = service_error("ValidationException")
LabelledArn = service_error("ValidationException", "API does not support labeled ARNs")
MockRequired = service_error(
    "InvalidDefinition",
    "TestState API does not support Map or Parallel states. Supported state types include: "
    "[Task, Wait, Pass, Succeed, Fail, Choice]",
)
SchemaMismatch = service_error("ValidationException", "Mock result schema validation error: {}")
ServiceQuotaExceeded = service_error("ServiceQuotaExceededException")
InvalidLoggingConfiguration = service_error("InvalidLoggingConfiguration", "Invalid Logging Configuration: {}")
InvalidEncryptionConfiguration = service_error("InvalidEncryptionConfiguration", "Invalid Encryption Configuration: {}")
