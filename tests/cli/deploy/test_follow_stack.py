"""Stacks on their way, in the words that AWS has for it."""

from datetime import UTC, datetime
from typing import cast

import pytest
import typer
from botocore.exceptions import ClientError
from rich.console import Console

from lamplighter.base.json_text import Json
from lamplighter.cli.commands.destroy import delete_deployment
from lamplighter.cli.deploy.follow_stack import explain_interrupt, follow_stack, report_outcome, start_progress
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.deploy.wait_until_ready import StackStuck, wait_until_ready
from lamplighter.cli.target import Target

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/reports/1"


def event(number: int, name: str, status: str, reason: str | None = None) -> Json:
    own = {"PhysicalResourceId": STACK, "ResourceType": "AWS::CloudFormation::Stack"}
    about = own if name == "reports" else {"PhysicalResourceId": name, "ResourceType": "AWS::SQS::Queue"}
    told = {"ResourceStatusReason": reason} if reason else {}
    when = datetime(2026, 1, 1, 3, 0, number, tzinfo=UTC)
    return {
        "EventId": str(number),
        "LogicalResourceId": name,
        "ResourceStatus": status,
        "Timestamp": when,
        **about,
        **told,
    }


class Account:
    """CloudFormation, played: each time that somebody waits, more has happened; `statuses` are those of the stack."""

    def __init__(self, *happens: list[Json], statuses: tuple[str, ...] = ()) -> None:
        self.events: list[Json] = []
        self.happens = list(happens)
        self.statuses = list(statuses)

    def wait(self) -> None:
        self.events = [*reversed(self.happens.pop(0)), *self.events]
        self.statuses = self.statuses[1:]

    def get_paginator(self, operation: str) -> "Account":
        return self

    def paginate(self, StackName: str) -> list[Json]:  # noqa: N803 - AWS's name
        half = len(self.events) // 2
        return [{"StackEvents": self.events[:half]}, {"StackEvents": self.events[half:]}]

    def describe_stacks(self, StackName: str) -> Json:  # noqa: N803
        found = {"StackName": "reports", "StackId": STACK, "StackStatus": self.statuses[0]}
        return {"Stacks": [{**found, "StackStatusReason": "as it says"}]}


def test_every_event_is_told_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [event(2, "reports", "UPDATE_IN_PROGRESS", "User Initiated"), event(3, "A", "CREATE_IN_PROGRESS")],
        [event(4, "A", "CREATE_IN_PROGRESS", "Resource creation Initiated")],
        [event(5, "A", "CREATE_COMPLETE"), event(6, "reports", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")],
        [event(7, "reports", "UPDATE_COMPLETE")],
    )
    account.events = [event(1, "reports", "CREATE_COMPLETE")]
    course = start_progress(account, STACK)
    assert follow_stack(account, STACK, course, 1, Console(), account.wait) == "UPDATE_COMPLETE"
    assert report_outcome(course)
    assert [line.split()[0:2] for line in capsys.readouterr().out.splitlines()] == [
        ["03:00:02", "UPDATE_IN_PROGRESS"],
        ["03:00:03", "CREATE_IN_PROGRESS"],
        ["03:00:05", "CREATE_COMPLETE"],
        ["03:00:06", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"],
        ["03:00:07", "UPDATE_COMPLETE"],
    ]


def test_what_was_called_off_because_of_another_is_no_reason(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [
            event(1, "A", "CREATE_FAILED", "Resource creation cancelled"),
            event(2, "B", "CREATE_FAILED", "Limit exceeded"),
            event(3, "reports", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [B]."),
            event(4, "reports", "ROLLBACK_COMPLETE"),
        ]
    )
    course = start_progress(account, STACK)
    follow_stack(account, STACK, course, 2, Console(), account.wait)
    assert not report_outcome(course)
    assert capsys.readouterr().err == "lamplighter: B (AWS::SQS::Queue) failed: Limit exceeded\n"


REFUSED = {
    "Throttling": "Rate exceeded",
    "ExpiredToken": "The security token included in the request is expired",
}


class Refusing(Account):
    """CloudFormation that refuses to tell of its events, as often as is said, and says why."""

    def __init__(self, code: str, times: int, *happens: list[Json]) -> None:
        super().__init__(*happens)
        self.code = code
        self.times = times

    def paginate(self, StackName: str) -> list[Json]:  # noqa: N803 - AWS's name
        if self.events and self.times:
            self.times -= 1
            error = {"Code": self.code, "Message": REFUSED[self.code]}
            raise ClientError({"Error": error}, "DescribeStackEvents")
        return super().paginate(StackName)


def test_whoever_asks_too_often_asks_again_and_misses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    account = Refusing(
        "Throttling", 2, [event(1, "A", "CREATE_COMPLETE")], [], [], [event(2, "reports", "CREATE_COMPLETE")]
    )
    assert follow_stack(account, STACK, start_progress(account, STACK), 1, Console(), account.wait) == "CREATE_COMPLETE"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["03:00:01", "03:00:02"]


def test_while_aws_tells_no_events_for_long_the_status_of_the_stack_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    waits = 20
    account = Refusing("Throttling", 1_000, *([event(1, "A", "CREATE_COMPLETE")] for _ in range(waits)))
    account.statuses = [*["CREATE_IN_PROGRESS"] * 6, *["CREATE_COMPLETE"] * waits]
    assert follow_stack(account, STACK, start_progress(account, STACK), 1, Console(), account.wait) == "CREATE_COMPLETE"
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
        "reports is CREATE_IN_PROGRESS",
        "reports is CREATE_COMPLETE",
    ]


def test_whose_credentials_expire_hears_that_it_goes_on_and_to_sign_in_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = Refusing("ExpiredToken", 1, [event(1, "A", "CREATE_COMPLETE")])
    course = start_progress(account, STACK)
    with pytest.raises(typer.Exit) as ended, explain_interrupt("the deployment", "reports", Target(None, "eu-west-1")):
        follow_stack(account, STACK, course, 1, Console(), account.wait)
    told = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert "the credentials for AWS in eu-west-1 have expired: sign in again (`aws sso login`)" in told
    assert "the deployment continues without this command; follow it with `aws cloudformation" in told


class Undeletable(Account):
    """CloudFormation that cannot delete a stack, and the target that it is behind."""

    endpoint = "http://played"

    def client(self, service: str) -> "Undeletable":
        return self

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - AWS's name
        self.wait()


def test_a_stack_that_cannot_be_deleted_as_a_whole_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    account = Undeletable([event(1, "A", "DELETE_FAILED", "in use"), event(2, "reports", "DELETE_FAILED")])
    stack = Stack("reports", STACK, "CREATE_COMPLETE", "", {}, protected=False)
    with pytest.raises(typer.Exit):
        delete_deployment(stack, {}, cast("Target", account), Console())
    told = capsys.readouterr().err
    assert "A (AWS::SQS::Queue) failed: in use" in told
    assert "DELETE_FAILED: fix the errors above, then run `lamplighter destroy` again" in told


def test_a_stack_that_fails_by_itself_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [
            event(1, "reports", "ROLLBACK_IN_PROGRESS", "It took too long"),
            event(2, "reports", "ROLLBACK_COMPLETE"),
        ]
    )
    course = start_progress(account, STACK)
    follow_stack(account, STACK, course, 2, Console(), account.wait)
    assert not report_outcome(course)
    assert capsys.readouterr().err == "lamplighter: It took too long\n"


def test_what_somebody_else_does_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [event(1, "A", "UPDATE_IN_PROGRESS")], [event(2, "reports", "UPDATE_COMPLETE")],
        statuses=("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
    )  # fmt: skip
    stack = wait_until_ready(account, "reports", Console(), account.wait, lambda _: None)
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"
    assert "waiting for it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name reports"),
        ("ROLLBACK_FAILED", "lamplighter destroy"),
        ("DELETE_FAILED", "lamplighter destroy"),
    ],
)
def test_a_stack_that_is_stuck_says_what_helps(status: str, advice: str) -> None:
    with pytest.raises(StackStuck, match=advice):
        wait_until_ready(Account(statuses=(status,)), "reports", Console(), lambda: None, lambda _: None)
