"""Define ECS's own errors. See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html."""

from lamplighter.base.errors import service_error

ClientError = service_error("ClientException")
InvalidParameter = service_error("InvalidParameterException")
ClusterNotFound = service_error("ClusterNotFoundException")
ClusterContainsTasks = service_error("ClusterContainsTasksException")
ResourceInUse = service_error("ResourceInUseException")
Conflict = service_error("ConflictException")
ServiceNotFound = service_error("ServiceNotFoundException")
Throttling = service_error("ThrottlingException", "Rate exceeded")
ResourceNotFound = service_error("ResourceNotFoundException")
