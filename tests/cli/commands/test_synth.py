"""`lamplighter synth`: the template, printed or written, in YAML or JSON."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from lamplighter.cli.app import build_app
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template

FILE = "project: p\njobs: {a: {image: busybox, timeout: 1h}}\nenvironments: {prod: {jobs: {a: {timeout: 2h}}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "lamplighter.yaml"
    made.write_text(FILE)
    return made


def say(*words: str | Path) -> Result:
    """Run the verb."""
    return CliRunner().invoke(build_app("synth"), ["synth", *map(str, words)])


def test_yaml_is_what_a_person_reads_and_json_what_a_program_does(file: Path) -> None:
    made = build_template(load_job_file(file).project)
    printed, asked = say(file), say(file, "--format", "json")
    assert yaml.safe_load(printed.stdout) == json.loads(asked.stdout) == made
    assert "  DefinitionString: |-\n" in printed.stdout.replace("      ", "  ")
    assert (printed.exit_code, printed.stderr) == (0, "")


def test_an_environment_has_names_and_times_of_its_own(file: Path) -> None:
    assert '"TimeoutSeconds": 7200' in say(file, "--environment", "prod").stdout
    assert "StateMachineName: p-prod-a" in say(file, "-e", "prod").stdout


def test_it_is_written_where_one_says(file: Path, tmp_path: Path) -> None:
    result = say(file, "-o", tmp_path / "template.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "template.yaml").read_text() == say(file).stdout


def test_what_cannot_be_written_is_told_in_words(file: Path, tmp_path: Path) -> None:
    result = say(file, "-o", tmp_path / "none" / "template.yaml")
    assert result.exit_code == 1
    assert result.stderr == f"lamplighter: {tmp_path}/none/template.yaml cannot be written: No such file or directory\n"


def test_a_file_that_is_wrong_has_no_template(file: Path) -> None:
    file.write_text("project: p\njobs: {a: {imag: x}}\n")
    result = say(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean `image`?" in result.stderr


def test_a_format_that_there_is_not_is_a_mistake_of_the_command_line(file: Path) -> None:
    assert say(file, "--format", "toml").exit_code == 2
