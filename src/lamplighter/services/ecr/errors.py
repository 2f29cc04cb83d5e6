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
DigestDiffers = service_error(
    "ImageDigestDoesNotMatchException", "The specified image digest does not match the digest of the image manifest"
)
TagExists = service_error(
    "ImageTagAlreadyExistsException",
    "The image tag '{}' already exists in the '{}' repository and cannot be overwritten because the repository is "
    "immutable.",
)
NoDocker = service_error("ServerException", "A repository's images are those of this machine's Docker: {}", status=400)
ImageNotHere = service_error(
    "ReferencedImagesNotFoundException",
    "Docker on the engine's machine does not have the image of {}:{}. The engine runs images of that Docker and keeps "
    "none itself: build the image there, or use a registry of your own",
)
