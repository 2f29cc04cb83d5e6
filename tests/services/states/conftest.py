from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.states.states_harness import StatesHarness, open_harness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[StatesHarness]:
    async with open_harness(tmp_path) as harness:
        yield harness
