"""Connect ECR to the engine: its operations by AWS's names."""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Operation, Service
from lamplighter.services.ecr.images import FindImages, Images
from lamplighter.services.ecr.repositories import Repositories
from lamplighter.services.ecr.tables.repositories import SERVICE


class Ecr(Service):
    """ECR of one engine."""

    name = SERVICE

    def __init__(self, world: World, find_images: FindImages) -> None:
        self.operations: Mapping[str, Operation] = {
            **Repositories(world).by_name(),
            **Images(find_images).by_name(),
        }
