from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.ecs.ecs_harness import EcsHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[EcsHarness]:
    harness = EcsHarness(tmp_path)
    yield harness
    harness.crash_at = None
    await harness.ecs.stop()
    await harness.store.close()
