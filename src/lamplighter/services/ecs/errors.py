"""Define ECS's own errors. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import ServiceError


class ClientError(ServiceError, code="ClientException"):
    """The request is invalid, or its resource does not allow it."""


class InvalidParameter(ServiceError, code="InvalidParameterException"):
    """A parameter conflicts with another parameter or with the resource that it names."""


class ClusterNotFound(ServiceError, code="ClusterNotFoundException"):
    """The cluster does not exist."""


class ClusterContainsTasks(ServiceError, code="ClusterContainsTasksException"):
    """The cluster cannot be deleted because tasks run in it."""


class Conflict(ServiceError, code="ConflictException"):
    """Two different requests have the same clientToken."""


class ServiceNotFound(ServiceError, code="ServiceNotFoundException"):
    """The service does not exist."""


class ResourceNotFound(ServiceError, code="ResourceNotFoundException"):
    """No resource has this ARN."""
