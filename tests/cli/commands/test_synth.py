"""`lamplighter synth` prints or writes the template as YAML or JSON."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from lamplighter.cli.app import build_app
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template

JOB_FILE = "project: p\njobs: {a: {image: busybox, timeout: 1h}}\nenvironments: {prod: {jobs: {a: {timeout: 2h}}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "lamplighter.yaml"
    made.write_text(JOB_FILE)
    return made


def synth(*arguments: str | Path) -> Result:
    """Run `synth`."""
    return CliRunner().invoke(build_app("synth"), ["synth", *map(str, arguments)])


def test_yaml_and_json_print_the_same_template_and_yaml_is_readable(file: Path) -> None:
    expected = build_template(load_job_file(file).project)
    yaml_result, json_result = synth(file), synth(file, "--format", "json")
    assert yaml.safe_load(yaml_result.stdout) == json.loads(json_result.stdout) == expected
    assert "  DefinitionString: |-\n" in yaml_result.stdout.replace("      ", "  ")
    assert (yaml_result.exit_code, yaml_result.stderr) == (0, "")


def test_an_environment_changes_names_and_timeouts(file: Path) -> None:
    assert '"TimeoutSeconds": 7200' in synth(file, "--environment", "prod").stdout
    assert "StateMachineName: p-prod-a" in synth(file, "-e", "prod").stdout


def test_the_template_is_written_to_the_output_file(file: Path, tmp_path: Path) -> None:
    result = synth(file, "-o", tmp_path / "template.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "template.yaml").read_text() == synth(file).stdout


def test_a_file_that_cannot_be_written_is_reported(file: Path, tmp_path: Path) -> None:
    result = synth(file, "-o", tmp_path / "none" / "template.yaml")
    assert result.exit_code == 1
    assert result.stderr == f"lamplighter: {tmp_path}/none/template.yaml cannot be written: No such file or directory\n"


def test_an_invalid_job_file_has_no_template(file: Path) -> None:
    file.write_text("project: p\njobs: {a: {imag: x}}\n")
    result = synth(file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean `image`?" in result.stderr


def test_an_unknown_format_is_a_usage_error(file: Path) -> None:
    assert synth(file, "--format", "toml").exit_code == 2


def test_a_template_that_aws_would_refuse_is_printed_with_its_errors_and_exit_code_1(file: Path) -> None:
    file.write_text(JOB_FILE.replace("image: busybox", "image: busybox, memory: 1500"))
    result = synth(file)
    assert (result.exit_code, "StateMachineName: p-a" in result.stdout) == (1, True)
    assert "error: a: Fargate does not offer 256 CPU units with 1500 MiB" in " ".join(result.stderr.split())
