"""Open a process runtime for a test, and end its processes afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.runtime.process.runtime import ProcessRuntime


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[ProcessRuntime]:
    opened = ProcessRuntime(tmp_path / "processes", real_world().now)
    yield opened
    for name in await opened.names():
        await opened.stop(name, 0)
        await opened.remove(name)
    await opened.close()
