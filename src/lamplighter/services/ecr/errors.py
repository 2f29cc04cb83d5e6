"""Define the errors of ECR, with AWS's codes and messages.

See https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html and each operation's page.
"""

from lamplighter.base.errors import service_error

AlreadyExists = service_error(
    "RepositoryAlreadyExistsException",
    "The repository with name '{}' already exists in the registry with id '{}'",
)
NotFound = service_error(
    "RepositoryNotFoundException", "The repository with name '{}' does not exist in the registry with id '{}'"
)
NotEmpty = service_error(
    "RepositoryNotEmptyException",
    "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
)
LifecyclePolicyNotFound = service_error(
    "LifecyclePolicyNotFoundException",
    "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
)
PolicyNotFound = service_error(
    "RepositoryPolicyNotFoundException",
    "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
)
ImageNotFound = service_error(
    "ImageNotFoundException",
    "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in "
    "the registry with id '{}'",
)
InvalidParameter = service_error("InvalidParameterException", "{}")
NoRegistry = service_error(
    "ServerException",
    "This engine has no registry to push to: a repository's images are those of this machine's Docker. Build or "
    "tag the image with the repository's name instead: docker build -t {}/NAME:TAG FOLDER",
    status=400,
)
