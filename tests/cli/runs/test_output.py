"""Output is read once and in the order of time, also if a call between two pages fails."""

from dataclasses import dataclass, field, replace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs.output import RunOutput
from lamplighter.cli.target import Target
from lamplighter.runs.history.story import Attempt

TASK = "arn:aws:ecs:us-east-1:123456789012:task/reports/"
FIRST = Attempt(1, "Run", (), 1, "ecs:runTask.sync", 0, task=TASK + "a", definition="reports:1")
SECOND = replace(FIRST, event=2, number=2, task=TASK + "b")
OPTIONS = {"awslogs-group": "group", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "job"}


@dataclass
class Account:
    """A fake account of two services that returns log lines in pages of two."""

    streams: dict[str, list[tuple[int, str]]]
    containers: list[Json] = field(
        default_factory=lambda: [{"name": "main", "logConfiguration": {"logDriver": "awslogs", "options": OPTIONS}}]
    )
    failing: set[str] = field(default_factory=set)

    def describe_task_definition(self, **given: Json) -> Json:
        return {"taskDefinition": {"containerDefinitions": self.containers}}

    def get_log_events(self, **given: Json) -> Json:
        name = given["logStreamName"]
        if name in self.failing:
            raise EndpointConnectionError(endpoint_url="http://engine")
        if name not in self.streams:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetLogEvents")
        lines = self.streams[name]
        start = int(given.get("nextToken", 0 if given["startFromHead"] else max(0, len(lines) - given["limit"])))
        page = lines[start : start + 2]
        events = [{"timestamp": time, "message": text} for time, text in page]
        return {"events": events, "nextForwardToken": str(start + len(page))}


def output(account: Account, patch: pytest.MonkeyPatch, tail: int | None = None) -> RunOutput:
    patch.setattr(Target, "client", lambda _self, _service: account)
    return RunOutput(CommandContext(lambda: Target("http://engine", "us-east-1"), lambda: None), tail=tail)


def texts(read: RunOutput, *attempts: Attempt) -> list[str]:
    return [line.text for line in read.new_lines(attempts)]


def test_lines_of_several_attempts_are_read_once_and_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account({"job/main/a": [(1, "a1"), (4, "a2"), (5, "a3")], "job/main/b": [(2, "b1")]})
    read = output(account, monkeypatch)
    assert texts(read, FIRST, SECOND) == ["a1", "b1", "a2", "a3"]
    account.streams["job/main/b"].append((6, "b2"))
    assert texts(read, FIRST, SECOND) == ["b2"]


def test_lines_that_were_read_before_a_failed_call_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account({"job/main/a": [(1, "a1")], "job/main/b": [(2, "b1")]}, failing={"job/main/b"})
    read = output(account, monkeypatch)
    with pytest.raises(EndpointConnectionError):
        read.new_lines([FIRST, SECOND])
    account.failing.clear()
    assert texts(read, FIRST, SECOND) == ["a1", "b1"]


def test_a_stream_that_does_not_exist_yet_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account({})
    read = output(account, monkeypatch)
    assert texts(read, FIRST) == []
    account.streams["job/main/a"] = [(1, "late")]
    assert texts(read, FIRST) == ["late"]


def test_with_tail_only_the_last_lines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account({"job/main/a": [(time, f"line {time}") for time in range(100)]})
    read = output(account, monkeypatch, tail=2)
    assert texts(read, FIRST) == ["line 98", "line 99"]
    account.streams["job/main/a"].append((100, "new"))
    assert texts(read, FIRST) == ["new"]


def test_a_container_without_awslogs_is_reported_and_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account({"job/main/a": [(1, "a1")]})
    account.containers.append({"name": "proxy"})
    read = output(account, monkeypatch)
    (line,) = read.new_lines([FIRST])
    assert (line.text, line.source.container, line.source.is_only_container) == ("a1", "main", False)
    assert [each.partition(" cannot")[0] for each in read.unreadable] == ["the output of proxy"]
