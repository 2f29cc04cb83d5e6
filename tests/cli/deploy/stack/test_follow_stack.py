"""Following a stack's operation: its events, its outcome, and errors in AWS's words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
import typer
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.commands.destroy import delete_deployment
from lamplighter.cli.deploy.stack.follow_stack import explain_interrupt, follow_stack, report_outcome, start_progress
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.wait_until_ready import StackStuck, wait_until_ready
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings

SITE = SiteOptions(Path("jobs.yaml"), "prod", aws=True)
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/reports/1"


def make_event(number: int, name: str, status: str, reason: str | None = None) -> Json:
    stack_fields = {"PhysicalResourceId": STACK, "ResourceType": "AWS::CloudFormation::Stack"}
    resource_fields = (
        stack_fields if name == "reports" else {"PhysicalResourceId": name, "ResourceType": "AWS::SQS::Queue"}
    )
    reason_fields = {"ResourceStatusReason": reason} if reason else {}
    timestamp = datetime(2026, 1, 1, 3, 0, number, tzinfo=UTC)
    return {
        "EventId": str(number),
        "LogicalResourceId": name,
        "ResourceStatus": status,
        "Timestamp": timestamp,
        **resource_fields,
        **reason_fields,
    }


class FakeCloudFormation:
    """A fake CloudFormation: each wait adds the next events, and `statuses` are the stack's statuses over time."""

    def __init__(self, *happens: list[Json], statuses: tuple[str, ...] = ()) -> None:
        self.events: list[Json] = []
        self.happens = list(happens)
        self.statuses = list(statuses)

    def wait(self) -> None:
        self.events = [*reversed(self.happens.pop(0)), *self.events]
        self.statuses = self.statuses[1:]

    def get_paginator(self, operation: str) -> "FakeCloudFormation":
        return self

    def paginate(self, StackName: str) -> list[Json]:  # noqa: N803 - AWS's name
        half = len(self.events) // 2
        return [{"StackEvents": self.events[:half]}, {"StackEvents": self.events[half:]}]

    def describe_stacks(self, StackName: str) -> Json:  # noqa: N803
        found = {"StackName": "reports", "StackId": STACK, "StackStatus": self.statuses[0]}
        return {"Stacks": [{**found, "StackStatusReason": "as it says"}]}


def test_every_event_is_printed_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    account = FakeCloudFormation(
        [make_event(2, "reports", "UPDATE_IN_PROGRESS", "User Initiated"), make_event(3, "A", "CREATE_IN_PROGRESS")],
        [make_event(4, "A", "CREATE_IN_PROGRESS", "Resource creation Initiated")],
        [make_event(5, "A", "CREATE_COMPLETE"), make_event(6, "reports", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")],
        [make_event(7, "reports", "UPDATE_COMPLETE")],
    )
    account.events = [make_event(1, "reports", "CREATE_COMPLETE")]
    progress = start_progress(account, STACK)
    assert follow_stack(account, STACK, progress, 1, Console(), account.wait) == "UPDATE_COMPLETE"
    assert report_outcome(progress)
    assert [line.split()[0:2] for line in capsys.readouterr().out.splitlines()] == [
        ["03:00:02", "UPDATE_IN_PROGRESS"],
        ["03:00:03", "CREATE_IN_PROGRESS"],
        ["03:00:05", "CREATE_COMPLETE"],
        ["03:00:06", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"],
        ["03:00:07", "UPDATE_COMPLETE"],
    ]


def test_a_cancelled_resource_is_not_printed_as_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    account = FakeCloudFormation(
        [
            make_event(1, "A", "CREATE_FAILED", "Resource creation cancelled"),
            make_event(2, "B", "CREATE_FAILED", "Limit exceeded"),
            make_event(3, "reports", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [B]."),
            make_event(4, "reports", "ROLLBACK_COMPLETE"),
        ]
    )
    progress = start_progress(account, STACK)
    follow_stack(account, STACK, progress, 2, Console(), account.wait)
    assert not report_outcome(progress)
    assert capsys.readouterr().err == "lamplighter: B (AWS::SQS::Queue) failed: Limit exceeded\n"


ERROR_MESSAGES = {
    "Throttling": "Rate exceeded",
    "ExpiredToken": "The security token included in the request is expired",
}


class RefusingCloudFormation(FakeCloudFormation):
    """A fake CloudFormation that refuses DescribeStackEvents `times` times with an error."""

    def __init__(self, code: str, times: int, *happens: list[Json]) -> None:
        super().__init__(*happens)
        self.code = code
        self.times = times

    def paginate(self, StackName: str) -> list[Json]:  # noqa: N803 - AWS's name
        if self.events and self.times:
            self.times -= 1
            error = {"Code": self.code, "Message": ERROR_MESSAGES[self.code]}
            raise ClientError({"Error": error}, "DescribeStackEvents")
        return super().paginate(StackName)


def test_throttled_reads_are_retried_and_no_event_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    account = RefusingCloudFormation(
        "Throttling", 2, [make_event(1, "A", "CREATE_COMPLETE")], [], [], [make_event(2, "reports", "CREATE_COMPLETE")]
    )
    assert follow_stack(account, STACK, start_progress(account, STACK), 1, Console(), account.wait) == "CREATE_COMPLETE"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["03:00:01", "03:00:02"]


def test_while_events_cannot_be_read_the_stack_s_status_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    waits = 20
    account = RefusingCloudFormation(
        "Throttling", 1_000, *([make_event(1, "A", "CREATE_COMPLETE")] for _ in range(waits))
    )
    account.statuses = [*["CREATE_IN_PROGRESS"] * 6, *["CREATE_COMPLETE"] * waits]
    assert follow_stack(account, STACK, start_progress(account, STACK), 1, Console(), account.wait) == "CREATE_COMPLETE"
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
        "reports is CREATE_IN_PROGRESS",
        "reports is CREATE_COMPLETE",
    ]


def test_expired_credentials_print_that_the_operation_continues_and_to_log_in_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = RefusingCloudFormation("ExpiredToken", 1, [make_event(1, "A", "CREATE_COMPLETE")])
    progress = start_progress(account, STACK)
    with pytest.raises(typer.Exit) as ended, explain_interrupt("the deployment", "reports", Target(None, "eu-west-1")):
        follow_stack(account, STACK, progress, 1, Console(), account.wait)
    error_output = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert "the credentials for AWS in eu-west-1 have expired: sign in again (`aws sso login`)" in error_output
    assert "the deployment continues without this command; follow it with `aws cloudformation" in error_output


class UndeletableStack(FakeCloudFormation):
    """A fake CloudFormation, and the target for it, that cannot delete a stack."""

    endpoint = "http://played"
    options = SITE

    def client(self, service: str) -> "UndeletableStack":
        return self

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - AWS's name
        self.wait()


def test_a_failed_deletion_prints_the_errors_and_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    account = UndeletableStack(
        [make_event(1, "A", "DELETE_FAILED", "in use"), make_event(2, "reports", "DELETE_FAILED")]
    )
    stack = Stack("reports", STACK, "CREATE_COMPLETE", "", {}, protected=False)
    with pytest.raises(typer.Exit):
        delete_deployment(stack, {}, AwsSettings(), cast("Target", account), Console())
    error_output = capsys.readouterr().err
    assert "A (AWS::SQS::Queue) failed: in use" in error_output
    assert "DELETE_FAILED: fix the errors above, then run `lamplighter destroy jobs.yaml -e prod` again" in error_output


def test_a_failure_of_the_stack_itself_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    account = FakeCloudFormation(
        [
            make_event(1, "reports", "ROLLBACK_IN_PROGRESS", "It took too long"),
            make_event(2, "reports", "ROLLBACK_COMPLETE"),
        ]
    )
    progress = start_progress(account, STACK)
    follow_stack(account, STACK, progress, 2, Console(), account.wait)
    assert not report_outcome(progress)
    assert capsys.readouterr().err == "lamplighter: It took too long\n"


def test_an_operation_of_another_person_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    account = FakeCloudFormation(
        [make_event(1, "A", "UPDATE_IN_PROGRESS")], [make_event(2, "reports", "UPDATE_COMPLETE")],
        statuses=("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
    )  # fmt: skip
    stack = wait_until_ready(account, "reports", Console(), account.wait, lambda _: None, SITE)
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"
    assert "waiting for it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name reports"),
        ("ROLLBACK_FAILED", "run `lamplighter destroy jobs.yaml -e prod`, then"),
        ("DELETE_FAILED", "run `lamplighter destroy jobs.yaml -e prod` again"),
    ],
)
def test_a_stuck_stack_is_reported_with_advice(status: str, advice: str) -> None:
    with pytest.raises(StackStuck, match=advice):
        wait_until_ready(
            FakeCloudFormation(statuses=(status,)), "reports", Console(), lambda: None, lambda _: None, SITE
        )
