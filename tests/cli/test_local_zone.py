"""Commands show times in the zone of all schedules, if they have one, as mails and the console do."""

import os
from pathlib import Path

import pytest

from lamplighter.cli.local_zone import local_zone, zone_of_schedules
from lamplighter.cli.runs.text import formatting
from tests.jobs.projects import load_job_text

NIGHTLY = "schedule: rate(1 hour), image: x, timezone"


@pytest.mark.parametrize(
    ("jobs", "zone", "clock"),
    [
        (f"a: {{{NIGHTLY}: Asia/Seoul}}\n  b: {{{NIGHTLY}: Asia/Seoul}}\n  c: {{image: x}}", "Asia/Seoul", "09:00:00"),
        (f"a: {{{NIGHTLY}: Asia/Seoul}}\n  b: {{{NIGHTLY}: UTC}}", "America/Lima", "19:00:00"),
        ("a: {image: x, timezone: Asia/Seoul}", "America/Lima", "19:00:00"),
    ],
)
def test_the_zone_of_all_schedules_counts_and_otherwise_the_machine_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, zone: str, clock: str
) -> None:
    monkeypatch.setenv("TZ", "America/Lima")
    project = load_job_text(tmp_path, f"project: p\njobs:\n  {jobs}\n").project
    with zone_of_schedules(project):
        assert (local_zone().key, formatting.format_clock(0, 0)) == (zone, clock)
    assert os.environ["TZ"] == "America/Lima"
    monkeypatch.undo()
    with zone_of_schedules(None):
        pass
