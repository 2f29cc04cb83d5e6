from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.rigs import RealRig, Rig
from tests.contracts.rigs import rig as make_rig

DOCKER = pytest.param("docker", marks=pytest.mark.docker)


@pytest.fixture(params=[DOCKER, "process", "fake"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    image = request.getfixturevalue("docker_image") if request.param == "docker" else None
    async with make_rig(request.param, tmp_path, image) as made:
        yield made


@pytest.fixture(params=[DOCKER, "process"])
async def real(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RealRig]:
    """A rig whose containers really run."""
    image = request.getfixturevalue("docker_image") if request.param == "docker" else None
    async with make_rig(request.param, tmp_path, image) as made:
        assert isinstance(made, RealRig)
        yield made
