"""ECS's own errors: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class ClientError(ServiceError, code="ClientException"):
    """What was asked for cannot be, as things are."""


class InvalidParameter(ServiceError, code="InvalidParameterException"):
    """A parameter does not go with the others, or with what it names."""


class ClusterNotFound(ServiceError, code="ClusterNotFoundException"):
    """There is no such cluster."""


class ClusterContainsTasks(ServiceError, code="ClusterContainsTasksException"):
    """A cluster in which tasks run cannot be deleted."""


class Conflict(ServiceError, code="ConflictException"):
    """A clientToken came with two different requests."""


class ServiceNotFound(ServiceError, code="ServiceNotFoundException"):
    """There is no such service."""


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """There is nothing of this ARN."""
