"""`lamplighter lint`: what is wrong with a file or worth a second look, for a person and for a program."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import loads
from lamplighter.cli.app import build_app

WELL = "project: p\njobs: {a: {image: busybox, timeout: 1h}}\n"
DOUBTFUL = "project: p\njobs:\n  a: {image: busybox}\n"
WRONG = "project: p\njobs:\n  a: {imag: busybox}\n"


def say(folder: Path, *words: str, text: str | None = None) -> Result:
    """Run the verb on a file of this text."""
    file = folder / "lamplighter.yaml"
    if text is not None:
        file.write_text(text)
    return CliRunner().invoke(build_app("lint"), ["lint", str(file), *words])


def test_a_file_that_is_well_is_said_to_be_so(tmp_path: Path) -> None:
    result = say(tmp_path, text=WELL)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no problems found\n")


def test_an_error_is_shown_with_its_place_and_ends_with_1(tmp_path: Path) -> None:
    result = say(tmp_path, text=WRONG)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{tmp_path}/lamplighter.yaml:3:7: error: `imag` is not a known key here\n    did you mean `image`?\n1 error\n"
    )


def test_a_warning_is_no_failure_unless_one_is_strict(tmp_path: Path) -> None:
    result = say(tmp_path, text=DOUBTFUL)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"{tmp_path}/lamplighter.yaml:3:3: warning: a: an attempt that hangs is never stopped",
        "    add `timeout:`, such as timeout: 1h",
        "1 warning",
    ]
    assert say(tmp_path, "--strict").exit_code == 1
    assert say(tmp_path, "--strict", text=WELL).exit_code == 0


@pytest.mark.parametrize("text", [DOUBTFUL, WRONG])
def test_a_program_reads_one_finding_a_line(tmp_path: Path, text: str) -> None:
    result = say(tmp_path, "--json", text=text)
    (found,) = map(loads, result.stdout.splitlines())
    assert set(found) == {"severity", "file", "line", "column", "message", "instead"}
    assert (found["file"], found["line"]) == (f"{tmp_path}/lamplighter.yaml", 3)
    assert result.stderr == ""
    assert result.exit_code == (1 if text is WRONG else 0)


def test_an_environment_is_judged_as_it_will_be(tmp_path: Path) -> None:
    text = WELL + "environments: {prod: {jobs: {a: {timeout: }}}}\n"
    assert say(tmp_path, text=text).stderr.endswith("no problems found\n")
    assert "never stopped" in say(tmp_path, "--environment", "prod").stderr
    missing = say(tmp_path, "--environment", "stage")
    assert missing.exit_code == 1
    assert "there is no environment `stage`\n    write one of prod" in missing.stderr


def test_a_file_that_is_not_there_is_no_stack_trace(tmp_path: Path) -> None:
    result = say(tmp_path)
    assert result.exit_code == 1
    assert "cannot read this file: no such file or directory" in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_brackets_of_a_file_are_shown_as_they_are(tmp_path: Path) -> None:
    result = say(tmp_path, text="project: p\njobs: {a: {image: '[red]', timeouts: 1h}}\n")
    assert "did you mean `timeout`?" in result.stderr
    assert "\x1b" not in result.stderr


def test_what_many_jobs_have_in_common_is_shown_once_with_their_names(tmp_path: Path) -> None:
    text = "project: p\njobs:\n" + "".join(f"  job-{at}: {{image: busybox}}\n" for at in range(11))
    result = say(tmp_path, text=text)
    assert result.stderr.count("an attempt that hangs is never stopped") == 1
    assert "job-0, job-1, job-2" in result.stderr
    assert result.stderr.endswith("11 warnings\n")
    assert len(say(tmp_path, "--json").stdout.splitlines()) == 11


HELD = "project: p\njobs:\n  a: {image: busybox, timeout: 1h, secrets: {WORD_OF_A: 'ssm:/a/word'}}\n"


def test_where_a_secret_comes_from_is_told_without_what_it_is(tmp_path: Path) -> None:
    assert "on this machine the secret ssm:/a/word (variable WORD_OF_A) has no value" in say(tmp_path, text=HELD).stderr
    (tmp_path / ".env").write_text("WORD_OF_A=open sesame\n")
    told = say(tmp_path, "--strict")
    assert "takes its value from the variable WORD_OF_A, because ssm:/a/word has no value" in told.stderr
    assert "sesame" not in told.output
    assert told.exit_code == 0
    (tmp_path / ".env").write_text("ssm:/a/word=open sesame\n")
    assert "no problems found" in say(tmp_path).stderr


def test_an_env_file_that_cannot_be_read_hides_no_problem_of_the_job_file(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.mkdir()
    told = say(tmp_path, text=HELD + DOUBTFUL.splitlines()[-1].replace("a:", "b:", 1) + "\n")
    assert told.exit_code == 1
    assert "b: an attempt that hangs is never stopped" in told.stderr
    assert f"{env}:1:1: error: this file cannot be read: is a directory" in told.stderr
    assert "has no value" not in told.stderr  # nobody knows
    assert told.stderr.endswith("1 error, 1 warning\n")
    env.rmdir()
    env.write_text("no line of such a file\n")
    assert "never stopped" in (wrong := say(tmp_path)).stderr
    assert "this is not a valid line of a .env file" in wrong.stderr


def test_two_places_of_one_variable_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WORD_OF_A=open sesame\n")
    told = say(
        tmp_path, "--strict", text=HELD + HELD.splitlines()[-1].replace("a:", "b:", 1).replace("/a/", "/b/") + "\n"
    )
    assert "WORD_OF_A names several secrets (ssm:/a/word and ssm:/b/word)" in told.stderr
    assert told.exit_code == 1


def test_what_an_engine_denies_is_an_error_with_its_line(tmp_path: Path) -> None:
    text = "project: p\njobs: {a: {command: 'true', timeout: 1h, notify: me}}\nchannels: {me: {command: cat}}\n"
    assert say(tmp_path, text=text).exit_code == 0
    told = say(tmp_path, "--deny", "commands")
    assert told.exit_code == 1
    assert "a: This engine does not run plain processes (--deny commands): container main has no image" in told.stderr
    assert "the channel me runs a command" in told.stderr
    assert "host-mounts" in say(tmp_path, "--deny", "everything").output
