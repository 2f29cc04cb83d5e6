"""`lamplighter init`: a file that runs as it is, and nothing that was there is lost."""

import json
import os
from pathlib import Path

import pytest

from lamplighter.cli.commands.init import project_name
from lamplighter.jobs.file.json_schema import job_file_schema
from tests.cli.up_folder import UpFolder, lamplighter


def test_init_and_up_in_an_empty_folder_have_a_scheduled_job_running(home: UpFolder) -> None:
    done = lamplighter("init", cwd=home.folder)
    assert done.returncode == 0, done.stderr
    assert "lamplighter up" in done.stdout
    home.keep()
    home.says("+ hello")
    assert "Hello from lamplighter" in home.says("hello: succeeded")


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("mine")
    done = lamplighter("init", cwd=tmp_path)
    assert (done.returncode, file.read_text()) == (1, "mine")
    assert "exists already" in done.stderr


def test_a_folder_is_made_and_the_next_commands_lead_there(tmp_path: Path) -> None:
    done = lamplighter("init", "my jobs/night", cwd=tmp_path)
    assert "cd 'my jobs/night'" in done.stdout
    assert "project: night\n" in (tmp_path / "my jobs/night/lamplighter.yaml").read_text()


def test_the_first_line_leads_editors_to_the_schema(tmp_path: Path) -> None:
    lamplighter("init", cwd=tmp_path)
    first = (tmp_path / "lamplighter.yaml").read_text().split("\n")[0]
    assert first == "# yaml-language-server: $schema=.lamplighter/schema.json"
    assert json.loads((tmp_path / ".lamplighter/schema.json").read_text()) == job_file_schema()


def test_the_file_has_nothing_wrong_but_that_a_process_cannot_go_to_aws(tmp_path: Path) -> None:
    lamplighter("init", cwd=tmp_path)
    found = map(json.loads, lamplighter("lint", "--json", cwd=tmp_path).stdout.splitlines())
    assert [each["message"] for each in found if each["severity"] != "info"] == [
        "hello: a job without an image cannot run on AWS"
    ]


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    done = lamplighter("init", "file/there", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("folder", "name"),
    [("reports", "reports"), ("My Jobs (2)", "my-jobs-2"), ("2026", "jobs"), ("", "jobs"), ("x" * 90, "x" * 20)],
)
def test_a_folder_s_name_becomes_one_that_a_project_may_have(folder: str, name: str) -> None:
    assert project_name(folder) == name


@pytest.mark.parametrize(("typed", "offered"), [("lamplighter ", "up"), ("lamplighter up --runt", "--runtime")])
def test_a_shell_completes_verbs_and_options(tmp_path: Path, typed: str, offered: str) -> None:
    words = len(typed.split(" ")) - 1
    asked = {"_LAMPLIGHTER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(words)}
    assert offered in lamplighter(cwd=tmp_path, **asked).stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_installed(tmp_path: Path, shell: str) -> None:
    quiet = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    done = lamplighter("--install-completion", shell, cwd=tmp_path, **quiet)
    assert done.returncode == 0, done.stderr
    written = [Path(where, name) for where, _, names in os.walk(tmp_path) for name in names]
    assert any("_LAMPLIGHTER_COMPLETE" in path.read_text() for path in written)
