"""What counts as a change of the source's files."""

import asyncio
from pathlib import Path

import pytest

from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import JobFileSource
from lamplighter.jobs.file.parsing.yaml_document import JobFileError

JOBS = "project: shop\njobs:\n  nightly:\n    command: ./nightly.sh\n"
WORKFLOW = "project: shop\njobs:\n  nightly:\n    workflow: nightly.asl.json\n"
MACHINE = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'


def source_files(folder: Path, text: str) -> SourceFiles:
    """Write a job file, and return its source."""
    (folder / "lamplighter.yaml").write_text(text)
    return SourceFiles(JobFileSource(folder / "lamplighter.yaml", None), LocalSecrets({}), folder / ".lamplighter")


def test_a_file_that_a_job_writes_into_the_folder_is_no_change(tmp_path: Path) -> None:
    files = source_files(tmp_path, JOBS)
    files.read()
    (tmp_path / "report.csv").write_text("42\n")
    assert not asyncio.run(files.wait_for_change(0, is_file_missing=False))


def test_a_changed_job_file_is_a_change(tmp_path: Path) -> None:
    files = source_files(tmp_path, JOBS)
    files.read()
    (tmp_path / "lamplighter.yaml").write_text(JOBS + "    timeout: 5m\n")
    assert asyncio.run(files.wait_for_change(None, is_file_missing=False))
    files.read()
    assert not asyncio.run(files.wait_for_change(0, is_file_missing=False))


@pytest.mark.parametrize("before", [None, "{"], ids=["missing", "broken"])
@pytest.mark.parametrize("name", ["nightly.asl.json", "sub/nightly.asl.json"])
def test_a_workflow_of_an_invalid_file_is_watched_wherever_it_is(tmp_path: Path, name: str, before: str | None) -> None:
    files, workflow = source_files(tmp_path, WORKFLOW.replace("nightly.asl.json", name)), tmp_path / name
    workflow.parent.mkdir(exist_ok=True)
    if before is not None:
        workflow.write_text(before)
    with pytest.raises(JobFileError, match=r"nightly\.asl\.json"):
        files.read()
    assert not asyncio.run(files.wait_for_change(0, is_file_missing=True))
    workflow.write_text(MACHINE)
    assert asyncio.run(files.wait_for_change(None, is_file_missing=True))
    files.read()
    assert files.error is None


def test_an_invalid_dockerignore_does_not_end_the_watching(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / ".dockerignore").write_text("[z-a]\n")
    files = source_files(tmp_path, "project: shop\njobs:\n  nightly:\n    image: ./image\n")
    files.read()
    assert not asyncio.run(files.wait_for_change(0, is_file_missing=False))
    (tmp_path / "image" / ".dockerignore").write_text("*.log\n")
    assert asyncio.run(files.wait_for_change(None, is_file_missing=False))


def test_a_file_that_appears_between_two_waits_is_a_change_for_the_second(tmp_path: Path) -> None:
    files = source_files(tmp_path, JOBS)
    files.read()
    (tmp_path / "notify.sh").write_text("#!/bin/sh\n")
    assert not asyncio.run(files.wait_for_change(0, is_file_missing=False))
    assert asyncio.run(files.wait_for_change(None, is_file_missing=True))
