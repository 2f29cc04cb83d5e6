"""What newcomers write: each mistake is reported at its place, with its cause and with what to write instead."""

from pathlib import Path

import pytest

from tests.jobs.projects import collect_problems, load_job_text

JOB = "project: p\nchannels: {{ops: {{email: ops@example.com}}}}\njobs:\n  a:\n    {}\n"
TAG = "`!` begins a tag of YAML here, and no value -> put the whole value in quotation marks"
ANCHOR = "`&` begins an anchor of YAML here, and no value -> put the whole value in quotation marks"
COMMENT = "a comment begins within quotation marks here -> put the whole value in quotation marks"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("command: ! test -f x", f"5:14 {TAG}"),
        ("command: [!, test]", f"5:15 {TAG}"),
        ("command:\n      - ! test", f"6:9 {TAG}"),
        ("command: ! [a, b]", f"5:14 {TAG}"),
        ("environment: ! {A: b}", f"5:18 {TAG}"),
        ("environment: {! A: b}", f"5:19 {TAG}"),
        ("environment: {A: &pass !word x}", f"5:22 {TAG}"),
        ("environment: {A: !!null x}", f"5:22 {TAG}"),
        ("environment: {A: &password}", f"5:22 {ANCHOR}"),
        ("environment: {&A B: c}", f"5:19 {ANCHOR}"),
        ('command: echo "a #b"', f"5:21 {COMMENT}"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_cause_and_what_to_write_instead(
    tmp_path: Path, body: str, problem: str
) -> None:
    (found,) = collect_problems(tmp_path, JOB.format(body))
    assert found.startswith(problem)


def test_a_value_keeps_what_yaml_gives_a_meaning_elsewhere(tmp_path: Path) -> None:
    body = "command: [a!b, 'c # d', '! e', it's] # isn't\n    environment: {A: &x 1_000, B: *x, C: *x, D: 'y''#'}"
    job = load_job_text(tmp_path, JOB.format(body)).project.jobs["a"]
    assert job.command == ("a!b", "c # d", "! e", "it's")
    assert job.environment == {"A": "1_000", "B": "1_000", "C": "1_000", "D": "y'#"}
