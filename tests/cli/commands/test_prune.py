"""`lamplighter prune` deletes what need not be kept, and shows how much the rest takes and how it grows."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lamplighter.base.json_text import loads
from lamplighter.cli.commands.prune import PRUNE_PATH, format_size
from tests.cli.aws_account import make_client, run_command, write_job_file
from tests.cli.job_folder import JobFolder
from tests.cli.up_folder import UpFolder, run_lamplighter


def test_the_use_of_the_disk_is_shown_with_its_growth(job_folder: JobFolder) -> None:
    job_folder.run_job("quick")
    result = job_folder.invoke("prune", "--dry-run")
    assert result.exit_code == 0, result.output
    (runs,) = [line for line in result.stdout.splitlines() if line.startswith("runs")]
    assert "90 days" in runs
    assert "about" in runs
    assert [
        line
        for line in result.stdout.splitlines()
        if "objects in buckets " in line and "until they are deleted" in line
    ]
    assert runs.rstrip().endswith(" 0")
    assert "free on the disk: " in result.stdout


def test_the_job_file_says_for_how_long_things_are_kept(home: UpFolder) -> None:
    kept = {"runs": 40, "output": 20, "mails": 10, "audit": 30}
    head = f"keep: {{{', '.join(f'{name}: {days}d' for name, days in kept.items())}, slots: 50}}\n"
    home.write("quick: {command: 'true'}", head=head)
    home.up_and_apply()
    result = run_lamplighter("prune", "--dry-run", "--endpoint-url", home.url, cwd=home.folder)
    lines = result.out.splitlines()
    for title, days in (("runs", 40), ("output of tasks", 20), ("mails", 10), ("audit log", 30)):
        assert [f" {days} days " in line for line in lines if line.startswith(title)] == [True]


def test_nothing_that_must_be_kept_is_deleted(job_folder: JobFolder) -> None:
    run = job_folder.run_job("quick")
    result = job_folder.invoke("prune")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "deleted: nothing")
    document = loads(job_folder.invoke("prune", "--json").stdout)
    assert document["deleted"]["runs"] == 0
    assert document["usage"]["runs"]["number"] >= 1
    assert job_folder.served.sfn.describe_execution(executionArn=run["arn"])["status"] == "SUCCEEDED"


def test_a_request_without_a_signature_deletes_nothing(job_folder: JobFolder) -> None:
    request = urllib.request.Request(f"{job_folder.served.url}{PRUNE_PATH}", data=b"", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 401


def test_on_aws_the_job_file_names_the_project(aws: str, tmp_path: Path) -> None:
    given = {"AWS_ENDPOINT_URL": aws, "AWS_REGION": "us-east-1"}
    result = run_command(tmp_path, "prune", "--aws", **given)
    assert (result.code, "needs a job file" in result.err) == (1, True)


def test_all_logs_of_a_destroyed_project_are_deleted_on_aws(aws: str, tmp_path: Path) -> None:
    given = {"AWS_ENDPOINT_URL": aws, "AWS_REGION": "us-east-1"}
    write_job_file(tmp_path, "{project: shop, jobs: {daily: {image: busybox, timeout: 1h}}}")
    logs = make_client(aws, "logs")
    for at in range(60):
        logs.create_log_group(logGroupName=f"/lamplighter/shop/job-{at}")
    logs.create_log_group(logGroupName="/lamplighter/shop-daily/job-1")
    result = run_command(tmp_path, "prune", "--aws", "--yes", **given)
    assert result.code == 0, result
    assert "logs that no job of shop needs: 60, 0 B" in result.out
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == [
        "/lamplighter/shop-daily/job-1"
    ]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1,023 B"), (1536, "1.5 KiB"), (300 * 1024**2, "300 MiB"), (2**50, "1,024 TiB")],
)
def test_a_size_has_a_unit(size: int, text: str) -> None:
    assert format_size(size) == text
