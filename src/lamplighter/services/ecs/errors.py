"""ECS's own errors: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import AwsError


class ClientError(AwsError):
    """What was asked for cannot be, as things are."""

    code = "ClientException"


class InvalidParameter(AwsError):
    """A parameter does not go with the others, or with what it names."""

    code = "InvalidParameterException"


class ClusterNotFound(AwsError):
    """There is no such cluster."""

    code = "ClusterNotFoundException"


class ClusterContainsTasks(AwsError):
    """A cluster in which tasks run cannot be deleted."""

    code = "ClusterContainsTasksException"


class Conflict(AwsError):
    """A clientToken came with two different requests."""

    code = "ConflictException"


class ServiceNotFound(AwsError):
    """There is no such service."""

    code = "ServiceNotFoundException"


class ResourceNotFound(AwsError):
    """There is nothing of this ARN."""

    code = "ResourceNotFoundException"
