"""`lamplighter init` writes a job file that runs unchanged, and overwrites nothing."""

import json
import os
from pathlib import Path

import pytest

from lamplighter.cli.commands.init import project_name
from lamplighter.jobs.file.json_schema import job_file_schema
from tests.cli.up_folder import UpFolder, run_lamplighter


def test_init_and_up_in_an_empty_folder_run_a_scheduled_job(home: UpFolder) -> None:
    result = run_lamplighter("init", cwd=home.folder)
    assert result.code == 0, result.err
    assert "lamplighter up" in result.out
    home.up_and_apply()
    home.wait_for_line("+ hello")
    assert "Hello from lamplighter" in home.wait_for_line("hello: succeeded")


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("mine")
    result = run_lamplighter("init", cwd=tmp_path)
    assert (result.code, file.read_text()) == (1, "mine")
    assert "exists already" in result.err


def test_init_creates_a_folder_and_prints_the_next_commands_for_it(tmp_path: Path) -> None:
    result = run_lamplighter("init", "my jobs/night", cwd=tmp_path)
    assert "cd 'my jobs/night'" in result.out
    assert "project: night\n" in (tmp_path / "my jobs/night/lamplighter.yaml").read_text()


def test_the_first_line_names_the_schema_for_editors(tmp_path: Path) -> None:
    run_lamplighter("init", cwd=tmp_path)
    first = (tmp_path / "lamplighter.yaml").read_text().split("\n")[0]
    assert first == "# yaml-language-server: $schema=.lamplighter/schema.json"
    assert json.loads((tmp_path / ".lamplighter/schema.json").read_text()) == job_file_schema()


def test_the_file_has_no_doubtful_part(tmp_path: Path) -> None:
    run_lamplighter("init", cwd=tmp_path)
    found = map(json.loads, run_lamplighter("lint", "--json", cwd=tmp_path).out.splitlines())
    assert [each["message"] for each in found if each["severity"] != "info"] == []


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    result = run_lamplighter("init", "file/there", cwd=tmp_path)
    assert result.code == 1
    assert "cannot be written" in result.err


@pytest.mark.parametrize(
    ("folder", "name"),
    [("reports", "reports"), ("My Jobs (2)", "my-jobs-2"), ("2026", "jobs"), ("", "jobs"), ("x" * 90, "x" * 20)],
)
def test_a_folder_name_is_converted_to_a_valid_project_name(folder: str, name: str) -> None:
    assert project_name(folder) == name


@pytest.mark.parametrize(("line", "completion"), [("lamplighter ", "up"), ("lamplighter up --runt", "--runtime")])
def test_the_shell_completes_commands_and_options(tmp_path: Path, line: str, completion: str) -> None:
    words = len(line.split(" ")) - 1
    request = {"_LAMPLIGHTER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(words)}
    assert completion in run_lamplighter(cwd=tmp_path, **request).out.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_can_be_installed(tmp_path: Path, shell: str) -> None:
    environment = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    result = run_lamplighter("--install-completion", shell, cwd=tmp_path, **environment)
    assert result.code == 0, result.err
    written = [Path(where, name) for where, _, names in os.walk(tmp_path) for name in names]
    assert any("_LAMPLIGHTER_COMPLETE" in path.read_text() for path in written)
