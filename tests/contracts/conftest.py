from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.rigs import RealRig, Rig
from tests.contracts.rigs import rig as make_rig

DOCKER = pytest.param("docker", marks=pytest.mark.docker)


@pytest.fixture(params=[DOCKER, "process", "fake"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    image = request.getfixturevalue("docker_image") if request.param == "docker" else None
    async with make_rig(request.param, tmp_path, image) as opened:
        yield opened


@pytest.fixture(params=[DOCKER, "process"])
async def real_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RealRig]:
    """A rig that runs real containers."""
    image = request.getfixturevalue("docker_image") if request.param == "docker" else None
    async with make_rig(request.param, tmp_path, image) as opened:
        assert isinstance(opened, RealRig)
        yield opened
