from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.states.states_harness import StatesHarness, harness_in


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[StatesHarness]:
    async with harness_in(tmp_path) as harness:
        yield harness
