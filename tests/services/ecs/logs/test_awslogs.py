"""What a container of the awslogs driver writes is in CloudWatch Logs, every line once, whoever is killed and when.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import Stream
from tests.engines import SECOND, Died, Site

GROUP = "/ecs/night"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "batch"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    made.up()
    yield made
    made.close()


def define(site: Site, *containers: Json, **options: str) -> None:
    """Register a Fargate definition whose containers log."""
    logged = {"logConfiguration": {"logDriver": "awslogs", "options": OPTIONS | options}}
    listed = [{"image": "busybox"} | logged | each for each in containers or ({"name": "main"},)]
    site.call("ecs", "CreateCluster")
    site.call(
        "ecs",
        "RegisterTaskDefinition",
        family="night",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=listed,
    )


def create_group(site: Site) -> None:
    site.call("logs", "CreateLogGroup", logGroupName=GROUP)


def run(site: Site, launch_type: str = "FARGATE") -> str:
    """Run a task; its ARN."""
    answer = site.call("ecs", "RunTask", taskDefinition="night", launchType=launch_type, networkConfiguration=NETWORK)
    arn: str = answer["tasks"][0]["taskArn"]
    site.settle()
    return arn


def write(site: Site, name: str, text: str) -> None:
    """Have a container write a line, and the engine read it."""
    site.runtime.write(name, text)
    site.settle()


def described(site: Site, arn: str) -> Json:
    return site.call("ecs", "DescribeTasks", tasks=[arn])["tasks"][0]


def logged(site: Site) -> list[tuple[str, str]]:
    """All events of the group: stream and message."""
    events = site.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    return [(event["logStreamName"], event["message"]) for event in events]


def messages(site: Site) -> list[str]:
    return [message for _, message in logged(site)]


def test_lines_come_to_a_stream_of_the_container_while_it_runs(site: Site) -> None:
    create_group(site)
    define(site)
    site.runtime.script(Script(lines=(("stdout", "one"), ("stderr", "two"), ("stdout", "")), after=None))
    arn = run(site)
    site.advance(SECOND)
    task = arn.rpartition("/")[2]
    assert logged(site) == [(f"batch/main/{task}", "one"), (f"batch/main/{task}", "two")]
    write(site, f"{task}-main", "three")
    site.advance(SECOND)
    assert messages(site) == ["one", "two", "three"]
    site.runtime.finish(f"{task}-main")
    site.settle()
    assert described(site, arn)["lastStatus"] == "STOPPED"
    assert messages(site) == ["one", "two", "three"]
    assert site.rows("SELECT * FROM shipments") == []


def test_each_container_has_a_stream_and_one_without_configuration_has_none(site: Site) -> None:
    create_group(site)
    define(site, {"name": "main"}, {"name": "side"}, {"name": "quiet", "logConfiguration": None})
    site.runtime.script(Script(lines=(("stdout", "hello"),)))
    task = run(site).rpartition("/")[2]
    assert sorted(logged(site)) == [(f"batch/main/{task}", "hello"), (f"batch/side/{task}", "hello")]


def test_a_missing_group_keeps_the_task_from_starting(site: Site) -> None:
    define(site)
    task = described(site, run(site))
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. "
        ": exit status 1"
    )
    assert site.runtime.runs() == []


def test_on_an_instance_of_ones_own_the_daemon_says_so(site: Site) -> None:
    define(site)
    assert described(site, run(site, "EC2"))["stoppedReason"] == (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
    )


def test_a_missing_group_is_created_where_the_definition_says_so(site: Site) -> None:
    define(site, **{"awslogs-create-group": "true"})
    site.runtime.script(Script(lines=(("stdout", "hello"),)))
    run(site)
    run(site)
    assert messages(site) == ["hello", "hello"]


def test_names_that_no_group_and_no_stream_may_have_keep_the_task_from_starting(site: Site) -> None:
    create_group(site)
    for options in ({"awslogs-group": "a b", "awslogs-create-group": "true"}, {"awslogs-stream-prefix": "a:b"}):
        define(site, **options)
        task = described(site, run(site))
        assert task["stopCode"] == "TaskFailedToStart"
        assert "failed to satisfy constraint" in task["stoppedReason"]


def test_a_group_that_is_deleted_meanwhile_does_not_hold_the_task(site: Site) -> None:
    create_group(site)
    define(site)
    site.runtime.script(Script(after=None))
    arn = run(site)
    site.call("logs", "DeleteLogGroup", logGroupName=GROUP)
    name = f"{arn.rpartition('/')[2]}-main"
    write(site, name, "lost to the group, kept in the file")
    site.advance(SECOND)
    site.runtime.finish(name)
    site.settle()
    assert described(site, arn)["lastStatus"] == "STOPPED"
    assert "kept in the file" in next(site.directory.glob("output/*/main.log")).read_text()


def test_a_long_line_is_cut_and_all_of_it_is_kept(site: Site) -> None:
    create_group(site)
    define(site)
    line = "ü" * 700_000
    site.runtime.script(Script(lines=(("stdout", line),)))
    run(site)
    events: list[str] = []
    token: Json = {}
    while token is not None:
        page = site.call("logs", "FilterLogEvents", logGroupName=GROUP, **token)
        events += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert "".join(events) == line
    assert len(events) > 1


def test_thousands_of_lines_come_whole_and_in_order(site: Site) -> None:
    create_group(site)
    define(site)
    site.runtime.script(Script(lines=tuple(("stdout", f"line {number}") for number in range(12_345))))
    run(site)
    found: list[str] = []
    token: Json = {}
    while token is not None:
        page = site.call("logs", "FilterLogEvents", logGroupName=GROUP, **token)
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
def test_lines_that_belong_together_are_one_event(site: Site, option: dict[str, str]) -> None:
    create_group(site)
    define(site, **option)
    site.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run(site).rpartition('/')[2]}-main"
    site.advance(SECOND)
    assert messages(site) == MESSAGES[:2], "the last message may go on"
    write(site, name, "and goes on")
    for _ in range(6):
        site.advance(SECOND)
    assert messages(site) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nand goes on"]
    write(site, name, "without a beginning")
    site.runtime.finish(name)
    site.settle()
    assert messages(site)[3:] == ["without a beginning"]


def test_a_message_that_a_kill_cut_off_is_whole(site: Site) -> None:
    create_group(site)
    define(site, **{"awslogs-multiline-pattern": "^[0-9]{4}-"})
    site.runtime.script(Script(lines=TRACE, after=None))
    name = f"{run(site).rpartition('/')[2]}-main"
    site.advance(SECOND)
    site.restart()
    write(site, name, "after the kill")
    site.runtime.finish(name)
    site.advance(SECOND)
    assert messages(site) == [*MESSAGES[:2], "2026-11-25 03:00:01 INFO over\nafter the kill"]


def test_a_pattern_that_is_none_keeps_the_task_from_starting(site: Site) -> None:
    create_group(site)
    define(site, **{"awslogs-multiline-pattern": "(["})
    task = described(site, run(site))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "awslogs could not parse multiline pattern option" in task["stoppedReason"]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 9))
def test_killed_at_any_commit_every_line_is_there_once(site: Site, commit: int, before: bool) -> None:
    create_group(site)
    define(site)
    site.runtime.script(Script(lines=(("stdout", "1"), ("stderr", "2"), ("stdout", "3")), after=None))
    arn, written = "", False
    site.die_at(commit, before=before)
    for _ in range(3):  # what a user does, who asks again after the engine has died
        try:
            arn = arn or next(iter(site.call("ecs", "ListTasks", desiredStatus="RUNNING")["taskArns"]), "") or run(site)
            name = f"{arn.rpartition('/')[2]}-main"
            site.advance(SECOND)
            if not written and name in site.runtime.left():
                written = True
                site.runtime.write(name, "4", "stderr")
                site.runtime.write(name, "5")
            site.settle()
            site.advance(SECOND)
            if described(site, arn)["lastStatus"] != "STOPPED":
                site.runtime.finish(name)
            site.advance(SECOND)
        except Died:
            site.up()
    assert described(site, arn)["lastStatus"] == "STOPPED"
    assert messages(site) == ["1", "2", "3", "4", "5"]
    assert site.rows("SELECT * FROM shipments") == []


def test_output_of_a_container_whose_task_was_salvaged_is_handed_over(site: Site) -> None:
    create_group(site)
    define(site)
    site.runtime.script(Script(lines=(("stdout", "1"),), after=None))
    arn = run(site)
    site.advance(SECOND)
    name = f"{arn.rpartition('/')[2]}-main"
    site.crash()
    site.runtime.write(name, "2")
    site.damage("UPDATE tasks SET status = 'STOPPED'")
    site.up()
    site.advance(60 * SECOND)
    assert messages(site) == ["1", "2"]
    assert site.runtime.left() == []
