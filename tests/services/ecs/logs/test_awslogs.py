"""What a container of the awslogs driver writes is in CloudWatch Logs, every line once, whoever is killed and when.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import Stream
from tests.engine_harness import SECOND, EngineDied, EngineHarness

GROUP = "/ecs/night"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "batch"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


def define(harness: EngineHarness, *containers: Json, **options: str) -> None:
    """Register a Fargate definition whose containers log."""
    logged = {"logConfiguration": {"logDriver": "awslogs", "options": OPTIONS | options}}
    listed = [{"image": "busybox"} | logged | each for each in containers or ({"name": "main"},)]
    harness.call("ecs", "CreateCluster")
    harness.call(
        "ecs",
        "RegisterTaskDefinition",
        family="night",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=listed,
    )


def create_group(harness: EngineHarness) -> None:
    harness.call("logs", "CreateLogGroup", logGroupName=GROUP)


def run(harness: EngineHarness, launch_type: str = "FARGATE") -> str:
    """Run a task; its ARN."""
    answer = harness.call(
        "ecs", "RunTask", taskDefinition="night", launchType=launch_type, networkConfiguration=NETWORK
    )
    arn: str = answer["tasks"][0]["taskArn"]
    harness.settle()
    return arn


def write(harness: EngineHarness, name: str, text: str) -> None:
    """Have a container write a line, and the engine read it."""
    harness.runtime.write(name, text)
    harness.settle()


def described(harness: EngineHarness, arn: str) -> Json:
    return harness.call("ecs", "DescribeTasks", tasks=[arn])["tasks"][0]


def logged(harness: EngineHarness) -> list[tuple[str, str]]:
    """All events of the group: stream and message."""
    events = harness.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return [(event["logStreamName"], event["message"]) for event in events]


def messages(harness: EngineHarness) -> list[str]:
    return [message for _, message in logged(harness)]


def test_lines_come_to_a_stream_of_the_container_while_it_runs(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness)
    harness.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two"), ("stdout", "")), after=None))
    arn = run(harness)
    harness.advance(SECOND)
    task = arn.rpartition("/")[2]
    assert logged(harness) == [(f"batch/main/{task}", "one"), (f"batch/main/{task}", "two")]
    write(harness, f"{task}-main", "three")
    harness.advance(SECOND)
    assert messages(harness) == ["one", "two", "three"]
    harness.runtime.finish(f"{task}-main")
    harness.settle()
    assert described(harness, arn)["lastStatus"] == "STOPPED"
    assert messages(harness) == ["one", "two", "three"]
    assert harness.rows("SELECT * FROM shipments") == []


def test_each_container_has_a_stream_and_one_without_configuration_has_none(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness, {"name": "main"}, {"name": "side"}, {"name": "quiet", "logConfiguration": None})
    harness.runtime.script(Script(lines=(("stdout", "hello"),)))
    task = run(harness).rpartition("/")[2]
    assert sorted(logged(harness)) == [(f"batch/main/{task}", "hello"), (f"batch/side/{task}", "hello")]


def test_a_missing_group_keeps_the_task_from_starting(harness: EngineHarness) -> None:
    define(harness)
    task = described(harness, run(harness))
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. "
        ": exit status 1"
    )
    assert harness.runtime.runs() == []


def test_on_an_instance_of_ones_own_the_daemon_says_so(harness: EngineHarness) -> None:
    define(harness)
    assert described(harness, run(harness, "EC2"))["stoppedReason"] == (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
    )


def test_a_missing_group_is_created_where_the_definition_says_so(harness: EngineHarness) -> None:
    define(harness, **{"awslogs-create-group": "true"})
    harness.runtime.script(Script(lines=(("stdout", "hello"),)))
    run(harness)
    run(harness)
    assert messages(harness) == ["hello", "hello"]


def test_names_that_no_group_and_no_stream_may_have_keep_the_task_from_starting(harness: EngineHarness) -> None:
    create_group(harness)
    for options in ({"awslogs-group": "a b", "awslogs-create-group": "true"}, {"awslogs-stream-prefix": "a:b"}):
        define(harness, **options)
        task = described(harness, run(harness))
        assert task["stopCode"] == "TaskFailedToStart"
        assert "failed to satisfy constraint" in task["stoppedReason"]


def test_a_group_that_is_deleted_meanwhile_does_not_hold_the_task(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness)
    harness.runtime.script(Script(after=None))
    arn = run(harness)
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    name = f"{arn.rpartition('/')[2]}-main"
    write(harness, name, "lost to the group, kept in the file")
    harness.advance(SECOND)
    harness.runtime.finish(name)
    harness.settle()
    assert described(harness, arn)["lastStatus"] == "STOPPED"
    assert "kept in the file" in next(harness.directory.glob("output/*/main.log")).read_text()


def test_a_long_line_is_cut_and_all_of_it_is_kept(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness)
    line = "ü" * 700_000
    harness.runtime.script(Script(lines=(("stdout", line),)))
    run(harness)
    events: list[str] = []
    token: Json = {}
    while token is not None:
        page = harness.call("logs", "FilterLogEvents", logGroupName=GROUP, **token)
        events += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert "".join(events) == line
    assert len(events) > 1


def test_thousands_of_lines_come_whole_and_in_order(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness)
    harness.runtime.script(Script(lines=tuple(("stdout", f"line {number}") for number in range(12_345))))
    run(harness)
    found: list[str] = []
    token: Json = {}
    while token is not None:
        page = harness.call("logs", "FilterLogEvents", logGroupName=GROUP, **token)
        found += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert found == [f"line {number}" for number in range(12_345)]


TRACE: tuple[tuple[Stream, str], ...] = (
    ("stdout", "before all"),
    ("stdout", "2026-11-25 03:00:00 ERROR it failed"),
    ("stderr", "  at main.py:1"),
    ("stdout", ""),
    ("stderr", "  at main.py:2"),
    ("stdout", "2026-11-25 03:00:01 INFO over"),
)
MESSAGES = [
    "before all",
    "2026-11-25 03:00:00 ERROR it failed\n  at main.py:1\n\n  at main.py:2",
    "2026-11-25 03:00:01 INFO over",
]


@pytest.mark.parametrize(
    "option",
    [
        {"awslogs-datetime-format": "%Y-%m-%d %H:%M:%S"},
        {"awslogs-multiline-pattern": "^[0-9]{4}-"},
        {"awslogs-multiline-pattern": "nothing", "awslogs-datetime-format": "%Y-"},
    ],
)
def test_lines_that_belong_together_are_one_event(harness: EngineHarness, option: dict[str, str]) -> None:
    create_group(harness)
    define(harness, **option)
    harness.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run(harness).rpartition('/')[2]}-main"
    harness.advance(SECOND)
    assert messages(harness) == MESSAGES[:2], "the last message may go on"
    write(harness, name, "and goes on")
    for _ in range(6):
        harness.advance(SECOND)
    assert messages(harness) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nand goes on"]
    write(harness, name, "without a beginning")
    harness.runtime.finish(name)
    harness.settle()
    assert messages(harness)[3:] == ["without a beginning"]


def test_a_message_that_a_kill_cut_off_is_whole(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness, **{"awslogs-multiline-pattern": "^[0-9]{4}-"})
    harness.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run(harness).rpartition('/')[2]}-main"
    harness.advance(SECOND)
    harness.restart()
    write(harness, name, "after the kill")
    harness.runtime.finish(name)
    harness.advance(SECOND)
    assert messages(harness) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nafter the kill"]


def test_a_pattern_that_is_none_keeps_the_task_from_starting(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness, **{"awslogs-multiline-pattern": "(["})
    task = described(harness, run(harness))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "awslogs could not parse multiline pattern option" in task["stoppedReason"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 9))
def test_killed_at_any_commit_every_line_is_there_once(harness: EngineHarness, commit: int, before: bool) -> None:
    create_group(harness)
    define(harness)
    harness.runtime.script(Script(lines=(("stdout", "1"), ("stderr", "2"), ("stdout", "3")), after=None))
    arn, written = "", False
    harness.die_at(commit, before=before)
    for _ in range(3):  # what a user does, who asks again after the engine has died
        try:
            arn = (
                arn
                or next(iter(harness.call("ecs", "ListTasks", desiredStatus="RUNNING")["taskArns"]), "")
                or run(harness)
            )
            name = f"{arn.rpartition('/')[2]}-main"
            harness.advance(SECOND)
            if not written and name in harness.runtime.left():
                written = True
                harness.runtime.write(name, "4", "stderr")
                harness.runtime.write(name, "5")
            harness.settle()
            harness.advance(SECOND)
            if described(harness, arn)["lastStatus"] != "STOPPED":
                harness.runtime.finish(name)
            harness.advance(SECOND)
        except EngineDied:
            harness.up()
    assert described(harness, arn)["lastStatus"] == "STOPPED"
    assert messages(harness) == ["1", "2", "3", "4", "5"]
    assert harness.rows("SELECT * FROM shipments") == []


def test_output_of_a_container_whose_task_was_salvaged_is_handed_over(harness: EngineHarness) -> None:
    create_group(harness)
    define(harness)
    harness.runtime.script(Script(lines=(("stdout", "1"),), after=None))
    arn = run(harness)
    harness.advance(SECOND)
    name = f"{arn.rpartition('/')[2]}-main"
    harness.crash()
    harness.runtime.write(name, "2")
    harness.damage("UPDATE tasks SET status = 'STOPPED'")
    harness.up()
    harness.advance(60 * SECOND)
    assert messages(harness) == ["1", "2"]
    assert harness.runtime.left() == []
