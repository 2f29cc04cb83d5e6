"""Commands work in no region of AWS that nobody chose, and in no account against the job file; moto plays AWS."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lamplighter.cli.aws_guard import choose_region
from lamplighter.jobs.file.aws_settings import AwsSettings
from tests.cli.aws_account import ARTICLE_JOB, make_client, run_command, write_job_file
from tests.command_process import CommandResult

NO_REGION = {"AWS_DEFAULT_REGION": ""}
COMMANDS: Sequence[tuple[Sequence[str], int]] = (
    (("deploy", "--yes"), 1),
    (("diff",), 2),
    (("destroy", "--yes"), 1),
    (("ps", "--aws"), 1),
    (("run", "nightly", "--aws"), 1),
    (("night", "--aws"), 1),
    (("alert", "ops", "--aws"), 1),
    (("doctor", "--aws"), 1),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_job_file(tmp_path, ARTICLE_JOB)
    return tmp_path


def belong_to(folder: Path, settings: str) -> None:
    """Write the settings of AWS into the job file."""
    write_job_file(folder, f"{ARTICLE_JOB.rstrip()}\n    aws: {settings}\n")


def say(result: CommandResult) -> str:
    return " ".join(result.err.split())


@pytest.mark.parametrize(("words", "code"), [*COMMANDS, (("console", "--aws", "--port", "0"), 1)])
def test_without_a_region_every_command_for_aws_refuses_as_the_aws_cli_does(
    aws: str, folder: Path, words: Sequence[str], code: int
) -> None:
    refused = run_command(folder, *words, AWS_ENDPOINT_URL=aws, **NO_REGION)
    assert (refused.code, "no region of AWS is chosen: use --region" in say(refused)) == (code, True), refused


@pytest.mark.parametrize(("words", "code"), COMMANDS)
def test_credentials_of_another_account_than_that_of_the_file_are_refused(
    aws: str, folder: Path, words: Sequence[str], code: int
) -> None:
    belong_to(folder, "{account: 999999999999}")
    refused = run_command(folder, *words, AWS_ENDPOINT_URL=aws)
    assert refused.code == code, refused
    assert "your credentials are for the AWS account 123456789012, and the job file belongs to 999999999999" in say(
        refused
    )
    assert make_client(aws, "cloudformation").list_stacks()["StackSummaries"] == []


@pytest.mark.parametrize(("words", "code"), COMMANDS)
def test_a_region_that_contradicts_the_file_is_refused(aws: str, folder: Path, words: Sequence[str], code: int) -> None:
    belong_to(folder, "{region: eu-west-1}")
    refused = run_command(folder, *words, "--region", "us-east-1", AWS_ENDPOINT_URL=aws)
    assert (refused.code, "--region us-east-1 contradicts the job file" in say(refused)) == (code, True), refused


def test_missing_credentials_are_explained_when_the_account_is_checked(folder: Path) -> None:
    belong_to(folder, "{account: 999999999999}")
    no_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    refused = run_command(folder, "ps", "--aws", **no_credentials)
    assert (refused.code, "Traceback" in refused.err, "no credentials found for AWS" in say(refused)) == (
        1,
        False,
        True,
    )


def test_the_option_wins_over_the_file_and_the_file_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert choose_region(None, None, AwsSettings()) == "us-west-2"
    assert choose_region(None, None, AwsSettings(region="eu-west-1")) == "eu-west-1"
    assert choose_region("eu-west-1", None, AwsSettings(region="eu-west-1")) == "eu-west-1"
    assert choose_region("us-east-2", None, AwsSettings()) == "us-east-2"


def test_a_file_is_deployed_to_its_region_and_the_question_names_account_and_alias(aws: str, folder: Path) -> None:
    belong_to(folder, "{account: 123456789012, region: eu-west-1}")
    make_client(aws, "iam").create_account_alias(AccountAlias="acme-prod")
    asked = run_command(folder, "deploy", AWS_ENDPOINT_URL=aws)
    assert "“Deploy reports to AWS account 123456789012 (acme-prod) in eu-west-1, and create " in say(asked), asked
    deployed = run_command(folder, "deploy", "--yes", AWS_ENDPOINT_URL=aws)
    assert (deployed.code, "reports is deployed to AWS in eu-west-1" in deployed.out) == (0, True), deployed
    asked = run_command(folder, "destroy", AWS_ENDPOINT_URL=aws)
    assert "“Delete reports from AWS account 123456789012 (acme-prod) in eu-west-1?”" in say(asked), asked


def test_after_a_deployment_deploy_says_what_is_left_to_do(aws: str, folder: Path) -> None:
    deployed = run_command(folder, "deploy", "--yes", AWS_ENDPOINT_URL=aws)
    assert (deployed.code, "info: " in deployed.err, "confirm" in deployed.err) == (0, True, True), deployed


def test_an_engine_is_no_aws_so_what_the_file_says_about_aws_does_not_count_there(aws: str, folder: Path) -> None:
    belong_to(folder, "{account: 999999999999, region: eu-west-1}")
    changes = run_command(folder, "diff", "--endpoint-url", aws, "--region", "us-east-1", **NO_REGION)
    assert (changes.code, changes.err) == (1, ""), changes
