"""The awslogs driver sends each output line of a container to CloudWatch Logs once, even if the engine is killed.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.output_line import Stream
from tests.engine_harness import SECOND, EngineDied, EngineHarness
from tests.fake_runtime import Script

GROUP = "/ecs/night"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "batch"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


def register_definition(harness: EngineHarness, *containers: Json, **options: str) -> None:
    """Register a Fargate definition whose containers use the awslogs driver."""
    log_configuration = {"logConfiguration": {"logDriver": "awslogs", "options": OPTIONS | options}}
    listed = [{"image": "busybox"} | log_configuration | each for each in containers or ({"name": "main"},)]
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


def run_task(harness: EngineHarness, launch_type: str = "FARGATE") -> str:
    """Run a task and return its ARN."""
    answer = harness.call(
        "ecs", "RunTask", taskDefinition="night", launchType=launch_type, networkConfiguration=NETWORK
    )
    arn: str = answer["tasks"][0]["taskArn"]
    harness.settle()
    return arn


def write_line(harness: EngineHarness, name: str, text: str) -> None:
    """Let a container write a line, and let the engine read it."""
    harness.runtime.write(name, text)
    harness.settle()


def describe_task(harness: EngineHarness, arn: str) -> Json:
    return harness.call("ecs", "DescribeTasks", tasks=[arn])["tasks"][0]


def logged_events(harness: EngineHarness) -> list[tuple[str, str]]:
    """Return the stream and the message of each event of the log group."""
    events = harness.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return [(event["logStreamName"], event["message"]) for event in events]


def logged_messages(harness: EngineHarness) -> list[str]:
    return [message for _, message in logged_events(harness)]


def stream_names(harness: EngineHarness) -> list[str]:
    """Return the names of the log group's streams."""
    streams = harness.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    return [each["logStreamName"] for each in streams]


def test_lines_arrive_in_the_log_stream_of_a_container_while_it_runs(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    harness.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two"), ("stdout", "")), after=None))
    arn = run_task(harness)
    harness.advance(SECOND)
    task = arn.rpartition("/")[2]
    assert logged_events(harness) == [(f"batch/main/{task}", "one"), (f"batch/main/{task}", "two")]
    write_line(harness, f"{task}-main", "three")
    harness.advance(SECOND)
    assert logged_messages(harness) == ["one", "two", "three"]
    harness.runtime.finish(f"{task}-main")
    harness.settle()
    assert describe_task(harness, arn)["lastStatus"] == "STOPPED"
    assert logged_messages(harness) == ["one", "two", "three"]
    assert harness.rows("SELECT * FROM shipped_lines") == []


def test_each_container_with_a_log_configuration_has_its_own_stream(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness, {"name": "main"}, {"name": "side"}, {"name": "quiet", "logConfiguration": None})
    harness.runtime.script(Script(lines=(("stdout", "hello"),), after=SECOND))
    task = run_task(harness).rpartition("/")[2]
    harness.advance(SECOND)
    assert sorted(logged_events(harness)) == [(f"batch/main/{task}", "hello"), (f"batch/side/{task}", "hello")]


def test_a_missing_log_group_prevents_the_start_of_the_task(harness: EngineHarness) -> None:
    register_definition(harness)
    task = describe_task(harness, run_task(harness))
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. "
        ": exit status 1"
    )
    assert harness.runtime.started_names() == []


def test_a_container_with_a_log_stream_starts_after_the_commit_of_run_task_without_another(
    harness: EngineHarness,
) -> None:
    create_group(harness)
    register_definition(harness)
    harness.die_at(2, before=True)
    with pytest.raises(EngineDied):
        run_task(harness)
    assert len(harness.runtime.started_names()) == 1


def test_a_container_that_depends_on_another_gets_its_log_stream_when_it_starts(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(
        harness,
        {"name": "first", "essential": False},
        {"name": "second", "dependsOn": [{"containerName": "first", "condition": "SUCCESS"}]},
    )
    harness.runtime.script(Script(lines=(("stdout", "hello"),), after=None))
    task = run_task(harness).rpartition("/")[2]
    assert stream_names(harness) == [f"batch/first/{task}"]
    harness.runtime.finish(f"{task}-first")
    harness.settle()
    assert stream_names(harness) == [f"batch/first/{task}", f"batch/second/{task}"]


def test_with_launch_type_ec2_the_docker_daemon_reports_the_missing_log_group(harness: EngineHarness) -> None:
    register_definition(harness)
    assert describe_task(harness, run_task(harness, "EC2"))["stoppedReason"] == (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
    )


def test_a_missing_log_group_is_created_if_the_definition_says_so(harness: EngineHarness) -> None:
    register_definition(harness, **{"awslogs-create-group": "true"})
    harness.runtime.script(Script(lines=(("stdout", "hello"),)))
    run_task(harness)
    run_task(harness)
    assert logged_messages(harness) == ["hello", "hello"]


def test_invalid_names_of_log_group_or_stream_prevent_the_start_of_the_task(harness: EngineHarness) -> None:
    create_group(harness)
    for options in ({"awslogs-group": "a b", "awslogs-create-group": "true"}, {"awslogs-stream-prefix": "a:b"}):
        register_definition(harness, **options)
        task = describe_task(harness, run_task(harness))
        assert task["stopCode"] == "TaskFailedToStart"
        assert "failed to satisfy constraint" in task["stoppedReason"]


def test_deleting_the_log_group_does_not_block_a_running_task(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    harness.runtime.script(Script(after=None))
    arn = run_task(harness)
    harness.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    name = f"{arn.rpartition('/')[2]}-main"
    write_line(harness, name, "lost to the group, kept in the file")
    harness.advance(SECOND)
    harness.runtime.finish(name)
    harness.settle()
    assert describe_task(harness, arn)["lastStatus"] == "STOPPED"
    assert "kept in the file" in next(harness.directory.glob("output/*/main.log")).read_text()


def test_a_long_line_is_split_into_events_without_loss(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    line = "ü" * 700_000
    harness.runtime.script(Script(lines=(("stdout", line),)))
    run_task(harness)
    events: list[str] = []
    token: Json = {}
    while token is not None:
        page = harness.call("logs", "FilterLogEvents", logGroupName=GROUP, **token)
        events += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert "".join(events) == line
    assert len(events) > 1


def test_thousands_of_lines_arrive_completely_and_in_order(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    harness.runtime.script(Script(lines=tuple(("stdout", f"line {number}") for number in range(12_345))))
    run_task(harness)
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
def test_the_lines_of_a_multiline_message_are_one_event(harness: EngineHarness, option: dict[str, str]) -> None:
    create_group(harness)
    register_definition(harness, **option)
    harness.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run_task(harness).rpartition('/')[2]}-main"
    harness.advance(SECOND)
    assert logged_messages(harness) == MESSAGES[:2], "the last message may go on"
    write_line(harness, name, "and goes on")
    for _ in range(6):
        harness.advance(SECOND)
    assert logged_messages(harness) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nand goes on"]
    write_line(harness, name, "without a beginning")
    harness.runtime.finish(name)
    harness.settle()
    assert logged_messages(harness)[3:] == ["without a beginning"]


def test_a_multiline_message_that_a_crash_interrupted_is_complete(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness, **{"awslogs-multiline-pattern": "^[0-9]{4}-"})
    harness.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run_task(harness).rpartition('/')[2]}-main"
    harness.advance(SECOND)
    harness.restart()
    write_line(harness, name, "after the kill")
    harness.runtime.finish(name)
    harness.advance(SECOND)
    assert logged_messages(harness) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nafter the kill"]


def test_an_invalid_multiline_pattern_prevents_the_start_of_the_task(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness, **{"awslogs-multiline-pattern": "(["})
    task = describe_task(harness, run_task(harness))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "awslogs could not parse multiline pattern option" in task["stoppedReason"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 9))
def test_every_line_is_logged_once_if_the_engine_is_killed_at_any_commit(
    harness: EngineHarness, commit: int, before: bool
) -> None:
    create_group(harness)
    register_definition(harness)
    harness.runtime.script(Script(lines=(("stdout", "1"), ("stderr", "2"), ("stdout", "3")), after=None))
    arn, written = "", False
    harness.die_at(commit, before=before)
    for _ in range(3):  # like a user who repeats the request after the engine has died
        try:
            arn = (
                arn
                or next(iter(harness.call("ecs", "ListTasks", desiredStatus="RUNNING")["taskArns"]), "")
                or run_task(harness)
            )
            name = f"{arn.rpartition('/')[2]}-main"
            harness.advance(SECOND)
            if not written and name in harness.runtime.remaining():
                written = True
                harness.runtime.write(name, "4", "stderr")
                harness.runtime.write(name, "5")
            harness.settle()
            harness.advance(SECOND)
            if describe_task(harness, arn)["lastStatus"] != "STOPPED":
                harness.runtime.finish(name)
            harness.advance(SECOND)
        except EngineDied:
            harness.up()
    assert describe_task(harness, arn)["lastStatus"] == "STOPPED"
    assert logged_messages(harness) == ["1", "2", "3", "4", "5"]
    assert harness.rows("SELECT * FROM shipped_lines") == []


def test_the_output_of_a_container_whose_task_is_already_stopped_is_logged(harness: EngineHarness) -> None:
    create_group(harness)
    register_definition(harness)
    harness.runtime.script(Script(lines=(("stdout", "1"),), after=None))
    arn = run_task(harness)
    harness.advance(SECOND)
    name = f"{arn.rpartition('/')[2]}-main"
    harness.crash()
    harness.runtime.write(name, "2")
    harness.damage("UPDATE tasks SET status = 'STOPPED'")
    harness.up()
    harness.advance(60 * SECOND)
    assert logged_messages(harness) == ["1", "2"]
    assert harness.runtime.remaining() == []
