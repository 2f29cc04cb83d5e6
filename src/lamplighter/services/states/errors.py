"""The errors of Step Functions that its operations answer with, in AWS's words.

See the exceptions of https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html.
"""

from lamplighter.base.errors import AwsError


class InvalidArn(AwsError):
    """The text is no ARN of the kind that is wanted."""

    code = "InvalidArn"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Invalid Arn: 'Invalid ARN prefix: {arn}'")


class InvalidName(AwsError):
    """The name has characters that names may not have."""

    code = "InvalidName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid Name: '{name}'")


class StateMachineDoesNotExist(AwsError):
    """No state machine has this ARN."""

    code = "StateMachineDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Does Not Exist: '{arn}'")


class StateMachineAlreadyExists(AwsError):
    """A state machine of this name is there, and is another."""

    code = "StateMachineAlreadyExists"

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Already Exists: '{arn}'")


class ExecutionDoesNotExist(AwsError):
    """No execution has this ARN."""

    code = "ExecutionDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Does Not Exist: '{arn}'")


class ExecutionAlreadyExists(AwsError):
    """An execution of this name is there, has another input, or has ended."""

    code = "ExecutionAlreadyExists"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Already Exists: '{arn}'")


class InvalidExecutionInput(AwsError):
    """The input is not JSON."""

    code = "InvalidExecutionInput"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid State Machine Execution Input: '{why}'")


class InvalidOutput(AwsError):
    """The output is not JSON."""

    code = "InvalidOutput"

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid Output: '{why}'")


class InvalidToken(AwsError):
    """The token is none of ours."""

    code = "InvalidToken"

    def __init__(self) -> None:
        super().__init__("Invalid Token: 'Invalid token'")


class TaskTimedOut(AwsError):
    """The token was good once; nobody waits for it any more."""

    code = "TaskTimedOut"

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class MissingRequiredParameter(AwsError):
    """Something that one of several parameters would say is said by none."""

    code = "MissingRequiredParameter"


class ResourceNotFound(AwsError):
    """No resource has this ARN."""

    code = "ResourceNotFound"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource not found: '{arn}'")
        self.resource = arn
