"""Findings about the secrets of a job file."""

from pathlib import Path

from lamplighter.cli.doctor.secrets import check_secrets


def test_an_error_of_the_job_file_is_a_finding_about_the_job_file(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("project: a\njobs: {one: {comand: echo}}\n")
    (finding,) = check_secrets(file, None)
    assert (finding.about, finding.state) == ("job file", "bad")
    assert "`comand` is not a known key here" in finding.says


def test_an_error_of_the_env_file_is_a_finding_about_secrets(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("project: a\njobs: {one: {command: echo, secrets: {A: 'ssm:/a'}}}\n")
    (tmp_path / ".env").write_bytes(b"ssm:/a=\xff\n")
    (finding,) = check_secrets(file, None)
    assert (finding.about, finding.state) == ("secrets", "bad")
