"""Connect ECR to the engine: its operations by AWS's names."""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.ecr import repositories
from lamplighter.services.ecr.authorization_token import AuthorizationTokens
from lamplighter.services.ecr.docker_images import DockerImages
from lamplighter.services.ecr.images import Images
from lamplighter.services.ecr.put_image import ImagePush
from lamplighter.services.ecr.repositories import ACCESS_POLICY, LIFECYCLE_POLICY, Repositories
from lamplighter.services.ecr.tables.repositories import SERVICE


class Ecr(Service):
    """ECR of one engine."""

    name = SERVICE

    def __init__(self, world: World, docker: DockerImages, registry: str) -> None:
        address = registry.partition("://")[2].rstrip("/")
        images, all_repositories = Images(docker, address), Repositories(address)
        self.operations: Mapping[str, Operation] = {
            "CreateRepository": Operation(write=all_repositories.create),
            "DescribeRepositories": Operation(read=all_repositories.describe),
            "PutImageTagMutability": Operation(write=repositories.put_image_tag_mutability),
            "PutImageScanningConfiguration": Operation(write=repositories.put_image_scanning_configuration),
            "PutLifecyclePolicy": Operation(write=LIFECYCLE_POLICY.put),
            "GetLifecyclePolicy": Operation(read=LIFECYCLE_POLICY.get),
            "DeleteLifecyclePolicy": Operation(write=LIFECYCLE_POLICY.delete),
            "SetRepositoryPolicy": Operation(write=ACCESS_POLICY.put),
            "GetRepositoryPolicy": Operation(read=ACCESS_POLICY.get),
            "DeleteRepositoryPolicy": Operation(write=ACCESS_POLICY.delete),
            "FindPolicy": Operation(read=repositories.find_policy),
            **repositories.TAG_OPERATIONS.by_name(),
            "ListImages": Operation(read=images.list),
            "DescribeImages": Operation(read=images.describe),
            "DeleteRepository": Operation(write=images.delete_repository, prepare=images.find_first),
            "GetAuthorizationToken": Operation(write=AuthorizationTokens(world, registry).get),
            "PutImage": Operation(read=ImagePush(docker).put),
        }
