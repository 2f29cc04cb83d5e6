from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.ecs.rig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.crash_at = None
    await rig.ecs.stop()
    await rig.store.close()
