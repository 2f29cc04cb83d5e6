"""Secrets of local runs: from the process's environment first, then from `.env`."""

from pathlib import Path

import pytest

from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.missing_secrets import missing_secrets


def read_env_file(tmp_path: Path, text: str, **process: str) -> LocalSecrets:
    file = tmp_path / ".env"
    file.write_text(text)
    secrets = LocalSecrets(process)
    secrets.read(file)
    return secrets


def test_the_process_s_environment_overrides_the_file(tmp_path: Path) -> None:
    secrets = read_env_file(tmp_path, "A=file\nB=file\n", A="process", C="process")
    assert dict(secrets) == {"A": "process", "B": "file", "C": "process"}
    assert len(secrets) == 3


def test_the_file_has_the_usual_env_syntax(tmp_path: Path) -> None:
    text = "# a comment\nexport A=1\nB='two words'\nC=\"line\\nline\"\nD=${A}2 # more\nE=\nF\n"
    assert dict(read_env_file(tmp_path, text)) == {"A": "1", "B": "two words", "C": "line\nline", "D": "12", "E": ""}


def test_a_missing_file_has_no_secrets(tmp_path: Path) -> None:
    secrets = LocalSecrets({})
    assert not secrets.read(tmp_path / ".env")
    assert dict(secrets) == {}


def test_an_invalid_file_is_reported_with_its_lines_and_the_earlier_values_stay(tmp_path: Path) -> None:
    secrets = read_env_file(tmp_path, "A=1")
    file = tmp_path / ".env"
    file.write_text("A=2\n\n\n= 3\nB=4\n?? x\n")
    with pytest.raises(JobFileError) as caught:
        secrets.read(file)
    assert [each.position.line for each in caught.value.problems] == [4, 6]
    assert secrets["A"] == "1"


def test_a_file_that_is_not_text_is_reported(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(JobFileError, match="it is not UTF-8"):
        LocalSecrets({}).read(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(JobFileError, match="is a directory"):
        LocalSecrets({}).read(file)


def load_jobs_with_secrets(tmp_path: Path, *references: str) -> Project:
    text = "".join(
        f"  job{at}: {{command: 'true', secrets: {{WORD: '{reference}'}}}}\n" for at, reference in enumerate(references)
    )
    file = tmp_path / "lamplighter.yaml"
    file.write_text(f"project: p\njobs:\n{text}")
    return load_job_file(file, None).project


def test_two_jobs_receive_the_secrets_of_their_own_references(tmp_path: Path) -> None:
    secrets = read_env_file(tmp_path, "ssm:/a/db=one\n", SSM_B_DB="two")
    secrets.set_projects([load_jobs_with_secrets(tmp_path, "ssm:/a/db", "ssm:/b/db")])
    assert secrets.find("WORD", "arn:aws:ssm:us-east-1:123456789012:parameter/a/db") == "one"
    assert secrets.find("WORD", "arn:aws:ssm:us-east-1:123456789012:parameter/b/db") == "two"


def test_the_variable_s_name_replaces_a_single_reference_of_the_job_file(tmp_path: Path) -> None:
    secrets = read_env_file(tmp_path, "WORD=one\n", PATH="/bin")
    secrets.set_projects([load_jobs_with_secrets(tmp_path, "ssm:/a/db")])
    assert secrets.find("WORD", "arn:aws:ssm:us-east-1:123456789012:parameter/a/db") == "one"
    assert secrets.find("WORD", "/elsewhere") is None
    assert secrets.find("PATH", "/a/db") is None
    secrets.set_projects([load_jobs_with_secrets(tmp_path, "ssm:/a/db", "ssm:/b/db")])
    assert secrets.find("WORD", "/a/db") is None


def test_replaced_and_missing_secrets_are_reported_without_their_values(tmp_path: Path) -> None:
    secrets = read_env_file(tmp_path, "WORD=open sesame\n")
    (one,) = missing_secrets(load_jobs_with_secrets(tmp_path, "ssm:/a/db"), secrets)
    assert one.found_by_variable
    assert one.problem == "WORD takes its value from the variable WORD, because ssm:/a/db has no value"
    places = "in .env, set the variable SSM_A_DB, or store it in the engine's Parameter Store"
    assert one.advice(".env") == f"write a line ssm:/a/db=… {places}"
    two = list(missing_secrets(load_jobs_with_secrets(tmp_path, "ssm:/a/db", "ssm:/b/db"), secrets))
    assert [each.found_by_variable for each in two] == [False, False]
    assert "names several secrets (ssm:/a/db and ssm:/b/db)" in two[0].problem
    (missing,) = missing_secrets(load_jobs_with_secrets(tmp_path, "ssm:/a/db"), {})
    assert missing.problem == "the secret ssm:/a/db (variable WORD) has no value"
    assert "sesame" not in repr([one, two, missing])


def test_the_valid_lines_of_a_broken_file_count_if_nothing_was_read_before(tmp_path: Path) -> None:
    """Otherwise the jobs would have no secrets after a restart."""
    file = tmp_path / ".env"
    file.write_text("A=1\nno line of such a file\nB=${A}2\n")
    secrets = LocalSecrets({})
    with pytest.raises(JobFileError, match="not a valid line"):
        secrets.read(file)
    assert dict(secrets) == {"A": "1", "B": "12"}
    file.write_text("A=3\nno line of such a file\n")
    with pytest.raises(JobFileError, match="not a valid line"):
        secrets.read(file)
    assert dict(secrets) == {"A": "1", "B": "12"}
