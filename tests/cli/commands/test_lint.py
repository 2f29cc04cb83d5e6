"""`lamplighter lint` prints problems and findings of a job file, as text or JSON."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import loads
from lamplighter.cli.app import build_app

CORRECT = "project: p\njobs: {a: {image: busybox, timeout: 1h}}\n"
WITH_WARNING = "project: p\njobs:\n  a: {image: busybox}\n"
WITH_ERROR = "project: p\njobs:\n  a: {imag: busybox}\n"


def lint(folder: Path, *arguments: str, text: str | None = None) -> Result:
    """Run `lint` on a file with this text."""
    file = folder / "lamplighter.yaml"
    if text is not None:
        file.write_text(text)
    return CliRunner().invoke(build_app("lint"), ["lint", str(file), *arguments])


def test_a_correct_file_is_reported_as_correct(tmp_path: Path) -> None:
    result = lint(tmp_path, text=CORRECT)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no problems found\n")


def test_an_error_is_printed_with_its_place_and_the_exit_code_is_1(tmp_path: Path) -> None:
    result = lint(tmp_path, text=WITH_ERROR)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{tmp_path}/lamplighter.yaml:3:7: error: `imag` is not a known key here\n    did you mean `image`?\n1 error\n"
    )


def test_a_warning_is_a_failure_only_with_strict(tmp_path: Path) -> None:
    result = lint(tmp_path, text=WITH_WARNING)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"{tmp_path}/lamplighter.yaml:3:3: warning: a: an attempt that hangs is never stopped",
        "    add `timeout:`, such as timeout: 1h",
        "1 warning",
    ]
    assert lint(tmp_path, "--strict").exit_code == 1
    assert lint(tmp_path, "--strict", text=CORRECT).exit_code == 0


@pytest.mark.parametrize("text", [WITH_WARNING, WITH_ERROR])
def test_json_output_has_one_finding_per_line(tmp_path: Path, text: str) -> None:
    result = lint(tmp_path, "--json", text=text)
    (found,) = map(loads, result.stdout.splitlines())
    assert set(found) == {"severity", "file", "line", "column", "message", "advice"}
    assert (found["file"], found["line"]) == (f"{tmp_path}/lamplighter.yaml", 3)
    assert result.stderr == ""
    assert result.exit_code == (1 if text is WITH_ERROR else 0)


FOR_BOTH = """
project: p
channels: {ops: {email: ops@example.com}, all: {command: ls}}
jobs:
  small: {image: busybox, memory: 300, timeout: 1h, volumes: './:/in', notify: ops}
  plain: {command: ls, notify: all, overlap: queue, launch: fargate-spot}
"""


def test_what_only_aws_refuses_is_a_warning_unless_the_file_is_for_aws(tmp_path: Path) -> None:
    size = "small: Fargate does not offer 256 CPU units with 300 MiB"
    result = lint(tmp_path, text=FOR_BOTH)
    assert (result.exit_code, f"warning: {size}" in result.stderr) == (0, True)
    result = lint(tmp_path, text=f"target: aws{FOR_BOTH}")
    assert (result.exit_code, f"error: {size}" in result.stderr) == (1, True)


def test_a_file_for_a_box_has_no_findings_about_aws(tmp_path: Path) -> None:
    of_box = "warning: plain: an attempt that hangs is never stopped"
    for result in (lint(tmp_path, "--here", text=FOR_BOTH), lint(tmp_path, text=f"target: box{FOR_BOTH}")):
        assert result.stderr.count(": warning: ") == 1
        assert of_box in result.stderr
        assert ("AWS" in result.stderr, "Fargate" in result.stderr) == (False, False)
    environment = "environments: {prod: {target: aws}}\n"
    assert "Fargate" in lint(tmp_path, "-e", "prod", text=f"target: box{FOR_BOTH}{environment}").stderr


def test_an_image_that_is_a_path_without_a_folder_to_build_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "good").mkdir()
    (tmp_path / "good/Dockerfile").touch()
    jobs = "a: {image: ./nope}, b: {image: ./empty}, c: {image: ./lamplighter.yaml}, d: {image: ./good}"
    sidecar = "e: {image: busybox, sidecars: {s: {image: ./nope}}}"
    result = lint(tmp_path, "--here", text=f"project: p\ndefaults: {{timeout: 1h}}\njobs: {{{jobs}, {sidecar}}}\n")
    assert result.exit_code == 1
    for found in (
        f":3:12: error: a: no image can be built from ./nope: there is no folder {tmp_path}/nope\n",
        f": error: b: no image can be built from ./empty: the folder {tmp_path}/empty has no Dockerfile\n",
        f": error: c: no image can be built from ./lamplighter.yaml: {tmp_path}/lamplighter.yaml is a file\n",
        f": error: e/s: no image can be built from ./nope: there is no folder {tmp_path}/nope\n",
    ):
        assert found in result.stderr
    assert "a path names a folder with a Dockerfile; an image to pull has none" in result.stderr
    assert result.stderr.endswith("4 errors\n")


def test_an_environment_is_checked_with_its_overrides(tmp_path: Path) -> None:
    text = CORRECT + "environments: {prod: {jobs: {a: {timeout: }}}}\n"
    assert lint(tmp_path, text=text).stderr.endswith("no problems found\n")
    assert "never stopped" in lint(tmp_path, "--environment", "prod").stderr
    missing = lint(tmp_path, "--environment", "stage")
    assert missing.exit_code == 1
    assert "there is no environment `stage`\n    write one of prod" in missing.stderr


def test_a_missing_file_is_reported_without_a_stack_trace(tmp_path: Path) -> None:
    result = lint(tmp_path)
    assert result.exit_code == 1
    assert "cannot read this file: no such file or directory" in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_markup_in_the_file_is_printed_as_text(tmp_path: Path) -> None:
    result = lint(tmp_path, text="project: p\njobs: {a: {image: '[red]', timeouts: 1h}}\n")
    assert "did you mean `timeout`?" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("jobs", "names"),
    [
        (3, "job-0, job-1, job-2: an attempt"),
        (10, "job-8, job-9: an attempt"),
        (12, "job-8, job-9 and 2 more: an attempt"),
    ],
)
def test_a_finding_of_many_jobs_is_printed_once_with_the_first_names(tmp_path: Path, jobs: int, names: str) -> None:
    text = "project: p\njobs:\n" + "".join(f"  job-{at}: {{image: busybox}}\n" for at in range(jobs))
    result = lint(tmp_path, text=text)
    assert result.stderr.count("an attempt that hangs is never stopped") == 1
    assert names in result.stderr
    assert result.stderr.endswith("\n1 warning\n")  # as many as are printed
    assert len(lint(tmp_path, "--json").stdout.splitlines()) == jobs


WITH_SECRET = "project: p\njobs:\n  a: {image: busybox, timeout: 1h, secrets: {WORD_OF_A: 'ssm:/a/word'}}\n"


def test_a_secret_s_source_is_printed_without_its_value(tmp_path: Path) -> None:
    assert (
        "on this machine the secret ssm:/a/word (variable WORD_OF_A) has no value"
        in lint(tmp_path, text=WITH_SECRET).stderr
    )
    (tmp_path / ".env").write_text("WORD_OF_A=open sesame\n")
    result = lint(tmp_path, "--strict")
    assert "takes its value from the variable WORD_OF_A, because ssm:/a/word has no value" in result.stderr
    assert "sesame" not in result.output
    assert result.exit_code == 0
    (tmp_path / ".env").write_text("ssm:/a/word=open sesame\n")
    assert "no problems found" in lint(tmp_path).stderr


def test_a_channel_and_a_heartbeat_whose_secret_is_missing_are_reported(tmp_path: Path) -> None:
    text = """
project: p
channels: {chat: {slack: 'ssm:/chat'}, open: {slack: 'https://hooks.slack.com/services/T/B/x'}}
jobs: {a: {image: busybox, timeout: 1h, notify: chat, heartbeat: 'secretsmanager:a:url'}}
"""
    result = lint(tmp_path, text=text)
    assert result.exit_code == 0
    assert ":3:12: info: on this machine the secret ssm:/chat has no value, so the channel chat gets" in result.stderr
    assert "the secret secretsmanager:a:url has no value, so the heartbeat of a gets nothing" in result.stderr
    assert f"write a line ssm:chat=… in {tmp_path}/.env, or set the variable" in result.stderr
    (tmp_path / ".env").write_text("ssm:/chat=https://x.example/y\nsecretsmanager:a:url=https://x.example/z\n")
    assert "has no value" not in lint(tmp_path).stderr


def test_an_unreadable_env_file_does_not_hide_problems_of_the_job_file(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.mkdir()
    result = lint(tmp_path, text=WITH_SECRET + WITH_WARNING.splitlines()[-1].replace("a:", "b:", 1) + "\n")
    assert result.exit_code == 1
    assert "b: an attempt that hangs is never stopped" in result.stderr
    assert f"{env}:1:1: error: this file cannot be read: is a directory" in result.stderr
    assert "has no value" not in result.stderr  # it is unknown
    assert result.stderr.endswith("1 error, 1 warning\n")
    env.rmdir()
    env.write_text("no line of such a file\n")
    assert "never stopped" in (invalid := lint(tmp_path)).stderr
    assert "this is not a valid line of a .env file" in invalid.stderr


def test_one_variable_for_two_secrets_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WORD_OF_A=open sesame\n")
    result = lint(
        tmp_path,
        "--strict",
        text=WITH_SECRET + WITH_SECRET.splitlines()[-1].replace("a:", "b:", 1).replace("/a/", "/b/") + "\n",
    )
    assert "WORD_OF_A names several secrets (ssm:/a/word and ssm:/b/word)" in result.stderr
    assert result.exit_code == 1


def test_what_an_engine_denies_is_an_error_with_its_line(tmp_path: Path) -> None:
    text = "project: p\njobs: {a: {command: 'true', timeout: 1h, notify: me}}\nchannels: {me: {command: cat}}\n"
    assert lint(tmp_path, text=text).exit_code == 0
    result = lint(tmp_path, "--deny", "commands")
    assert result.exit_code == 1
    assert "a: This engine does not run plain processes (--deny commands): container main has no image" in result.stderr
    assert "the channel me runs a command" in result.stderr
    assert "host-mounts" in lint(tmp_path, "--deny", "everything").output
