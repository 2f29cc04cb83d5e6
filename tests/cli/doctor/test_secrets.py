"""`doctor` names each secret that this machine does not have: of a job, of a channel, of a heartbeat."""

from collections.abc import Collection
from pathlib import Path

from lamplighter.cli.doctor.finding import Finding
from lamplighter.cli.doctor.job_file import read_for_checks
from lamplighter.cli.doctor.secrets import check_secrets

JOB_FILE = """
project: p
channels: {chat: {slack: 'secretsmanager:chat'}}
jobs: {a: {command: [id], notify: chat, heartbeat: 'ssm:/beat', secrets: {WORD: 'ssm:/word'}}}
"""
VALUES = {
    "secretsmanager:chat": "the secret secretsmanager:chat has no value, so the channel chat gets nothing",
    "ssm:/beat": "the secret ssm:/beat has no value, so the heartbeat of a gets nothing",
    "ssm:/word": "a: the secret ssm:/word (variable WORD) has no value",
}


def check(file: Path, stored: Collection[str] = ()) -> list[Finding]:
    job_file = read_for_checks(file, None)
    project = job_file.project
    return [
        *job_file.findings,
        *(check_secrets(project, job_file.folder, stored.__contains__) if project is not None else ()),
    ]


def problems(file: Path) -> set[str]:
    return {each.says for each in check(file) if each.state != "good"}


def test_each_missing_secret_is_named_until_env_has_it(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text(JOB_FILE)
    missing = dict(VALUES)
    while missing:
        assert problems(file) == set(missing.values())
        name, _ = missing.popitem()
        with (tmp_path / ".env").open("a") as env:
            env.write(f"{name}=https://hooks.example/x\n")
    assert problems(file) == set()
    assert [each.state for each in check(file)] == ["good"]


def test_an_error_of_the_job_file_is_a_finding_about_the_job_file(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("project: a\njobs: {one: {comand: echo}}\n")
    (finding,) = check(file)
    assert (finding.about, finding.state) == ("job file", "bad")
    assert "`comand` is not a known key here" in finding.says


def test_an_error_of_the_env_file_is_a_finding_about_secrets(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text("project: a\njobs: {one: {command: echo, secrets: {A: 'ssm:/a'}}}\n")
    (tmp_path / ".env").write_bytes(b"ssm:/a=\xff\n")
    (finding,) = check(file)
    assert (finding.about, finding.state) == ("secrets", "bad")


def test_a_secret_that_the_engine_stores_is_not_missing_but_a_channel_does_not_read_it(tmp_path: Path) -> None:
    file = tmp_path / "lamplighter.yaml"
    file.write_text(JOB_FILE)
    assert {each.says for each in check(file, list(VALUES))} == {
        VALUES["secretsmanager:chat"],
        VALUES["ssm:/beat"],
    }
