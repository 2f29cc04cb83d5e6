"""What a box does with a handover that its engine does not follow, and when it has got the jobs."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.move import sides
from lamplighter.cli.move.sides import BoxSide, MoveFailed
from lamplighter.cli.target import Target
from lamplighter.cli.up.handover_file import HandoverFile
from lamplighter.jobs.stack.handover import Handover

AT = "2026-03-01T10:05:59Z"


def make_box(folder: Path, ends: dict[str, datetime | None], names: frozenset[str] = frozenset()) -> BoxSide:
    """Return a box whose engine has schedules with these ends, whatever its file says."""
    pages = SimpleNamespace(paginate=lambda **_: [{"Schedules": [{"Name": name} for name in ends]}])

    def get_schedule(*, Name: str, GroupName: str) -> Json:  # noqa: N803 - AWS's words
        assert GroupName == "p"
        return {"State": "ENABLED", "ScheduleExpression": "rate(1 hour)", "EndDate": ends[Name]}

    client = SimpleNamespace(get_paginator=lambda _operation: pages, get_schedule=get_schedule)
    target = SimpleNamespace(client=lambda _service: client)
    return BoxSide(cast("Target", target), HandoverFile(folder, "p"), Console(), names)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "MAX_POLLS", 2)
    monkeypatch.setattr(sides, "pause_between_polls", lambda _target: None)


@pytest.mark.parametrize("before", [None, Handover("begins", AT, {})])
def test_an_end_that_one_schedule_does_not_get_is_taken_back(tmp_path: Path, before: Handover | None) -> None:
    box = make_box(tmp_path, {"p-a": datetime(2026, 3, 1, 10, 5, 59, tzinfo=UTC), "p-b": None})
    box.file.write(before)
    with pytest.raises(MoveFailed):
        box.apply(Handover("ends", AT, {"p-a": AT, "p-b": AT}))
    assert box.read() == before


def test_a_box_has_the_jobs_when_it_has_their_schedules(tmp_path: Path) -> None:
    with pytest.raises(MoveFailed):
        make_box(tmp_path, {}, frozenset({"p-a"})).apply(Handover("begins", AT, {}))
    make_box(tmp_path, {"p-a": None}, frozenset({"p-a"})).apply(Handover("begins", AT, {}))
