"""How long the pauses are between two looks at the watched files."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lamplighter.cli.up import watch_files
from tests.engine.busy import use_processor


def find_pauses(file: Path, delay: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Change a file while each look at it is delayed; return the pauses until the change is found."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def paths() -> list[Path]:
        delay()
        return [file]

    before = watch_files.file_states([file])
    file.write_text("new")
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        assert asyncio.run(watch_files.wait_for_change(paths, before)) == watch_files.file_states([file])
    return pauses


def test_a_look_that_waits_for_the_machine_makes_the_pause_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause of twenty times the wait would let a busy machine apply a changed file minutes late."""
    (pause,) = find_pauses(tmp_path / "file", lambda: time.sleep(0.1), monkeypatch)
    assert watch_files.SETTLE_SECONDS <= pause < 1


def test_a_look_that_uses_the_processor_makes_the_pause_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pause,) = find_pauses(tmp_path / "file", lambda: use_processor(0.1), monkeypatch)
    assert pause >= 2
