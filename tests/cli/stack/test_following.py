"""Stacks on their way, in the words that AWS has for it."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from lamplighter.base.jsontext import Json
from lamplighter.cli.stack.following import begin, follow, tell
from lamplighter.cli.stack.readiness import Stuck, ready

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
    course = begin(account, STACK)
    assert follow(account, STACK, course, 1, Console(), account.wait) == "UPDATE_COMPLETE"
    assert tell(course)
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
    course = begin(account, STACK)
    follow(account, STACK, course, 2, Console(), account.wait)
    assert not tell(course)
    assert capsys.readouterr().err == "lamplighter: B (AWS::SQS::Queue) failed: Limit exceeded\n"


def test_a_stack_that_fails_by_itself_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [
            event(1, "reports", "ROLLBACK_IN_PROGRESS", "It took too long"),
            event(2, "reports", "ROLLBACK_COMPLETE"),
        ]
    )
    course = begin(account, STACK)
    follow(account, STACK, course, 2, Console(), account.wait)
    assert not tell(course)
    assert capsys.readouterr().err == "lamplighter: It took too long\n"


def test_what_somebody_else_does_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(
        [event(1, "A", "UPDATE_IN_PROGRESS")], [event(2, "reports", "UPDATE_COMPLETE")],
        statuses=("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
    )  # fmt: skip
    stack = ready(account, "reports", Console(), account.wait)
    assert stack is not None
    assert stack.status == "UPDATE_COMPLETE"
    assert "it is waited for" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name reports"),
        ("ROLLBACK_FAILED", "lamplighter destroy"),
        ("DELETE_FAILED", "lamplighter destroy"),
    ],
)
def test_a_stack_that_is_stuck_says_what_helps(status: str, advice: str) -> None:
    with pytest.raises(Stuck, match=advice):
        ready(Account(statuses=(status,)), "reports", Console(), lambda: None)
