"""Connect ECR to the engine: its operations by AWS's names."""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.ecr.authorization_token import AuthorizationTokens
from lamplighter.services.ecr.docker_images import DockerImages
from lamplighter.services.ecr.images import Images
from lamplighter.services.ecr.put_image import ImagePush
from lamplighter.services.ecr.repositories import Repositories
from lamplighter.services.ecr.tables.repositories import SERVICE


class Ecr(Service):
    """ECR of one engine."""

    name = SERVICE

    def __init__(self, world: World, docker: DockerImages, registry: str) -> None:
        address = registry.partition("://")[2].rstrip("/")
        self.operations: Mapping[str, Operation] = {
            **Repositories(address).by_name(),
            **Images(docker, address).by_name(),
            "GetAuthorizationToken": Operation(write=AuthorizationTokens(world, registry).get),
            "PutImage": Operation(read=ImagePush(docker).put),
        }
