"""Shell completion of job names from the job file in the current folder."""

from pathlib import Path

import pytest

from lamplighter.cli.runs.arguments import complete_jobs

FILE = "project: p\njobs:\n  nightly: {command: [run]}\n  nice: {command: [run]}\n  other: {command: [run]}\n"


def test_jobs_with_the_prefix_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lamplighter.yaml").write_text(FILE)
    assert complete_jobs("ni") == ["nightly", "nice"]


@pytest.mark.parametrize("text", [None, "jobs: {"])
def test_without_a_valid_job_file_nothing_is_offered(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "lamplighter.yaml").write_text(text)
    assert complete_jobs("") == []
