"""The transitions of a task's status, and small functions of ECS tasks."""

from pathlib import Path

import pytest

from lamplighter.base.errors import Bug
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.task_definitions.validate import parse_units
from lamplighter.services.ecs.tasks import lifecycle
from lamplighter.services.ecs.tasks.containers.container_plan import container_name
from lamplighter.services.ecs.tasks.runtime_retry import MAX_SECONDS, retry_while_unavailable
from tests.output_lines import read_output


def task(status: str) -> Task:
    body = {"lastStatus": status, "desiredStatus": "RUNNING", "version": 1, "attachments": [], "containers": []}
    return Task(
        arn="a/x", cluster="c", family="f", launch_type="EC2", started_by=None, cpu=0, memory=0, body=body, tags=[]
    )


@pytest.mark.parametrize("status", lifecycle.STATUSES)
def test_every_status_leads_to_stopped_and_each_transition_raises_the_version_by_one(status: str) -> None:
    current = task(status)
    while current.status != "STOPPED":
        following = lifecycle.next_status(current, lifecycle.STATUSES[current.status].next[-1], 7)
        assert following.body["version"] == current.body["version"] + 1
        current = following
    assert lifecycle.STATUSES["STOPPED"].next == ()


@pytest.mark.parametrize("status", lifecycle.STATUSES)
def test_a_transition_that_the_table_does_not_name_is_a_bug(status: str) -> None:
    for other in lifecycle.STATUSES.keys() - set(lifecycle.STATUSES[status].next):
        with pytest.raises(Bug):
            lifecycle.next_status(task(status), other, 7)


def test_a_container_is_named_after_its_task_in_at_most_200_characters() -> None:
    assert container_name("a" * 32, "job") == "a" * 32 + "-job"
    names = {container_name("a" * 32, "x" * 250 + end) for end in ("1", "2")}
    assert [len(name) for name in names] == [200, 200]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("256", "cpu", 256),
        ("1 vCPU", "cpu", 1024),
        (".5vcpu", "cpu", 512),
        ("2GB", "memory", 2048),
        (None, "cpu", None),
    ],
)
def test_cpu_and_memory_sizes_are_parsed_as_by_ecs(text: str | None, name: str, value: int | None) -> None:
    assert parse_units(text, name) == value


async def test_retries_slow_down_to_a_maximum_and_log_the_reason_once(caplog: pytest.LogCaptureFixture) -> None:
    waited: list[float] = []
    answers = iter([False] * 9 + [True])

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    async def call() -> str:
        if not next(answers):
            raise RuntimeUnavailable("away")
        return "here"

    assert await retry_while_unavailable(pause, call) == "here"
    assert waited == sorted(waited)
    assert waited[-1] == MAX_SECONDS
    assert caplog.messages == ["away"]


async def test_an_incomplete_line_is_not_read(tmp_path: Path) -> None:
    outputs = OutputFiles(tmp_path)
    path = outputs.path("task", "job")
    path.parent.mkdir()
    path.write_bytes(b'{"time":1,"stream":"stderr","text":"whole"}\n{"time":1,"str')
    assert [line.text for line in read_output(outputs, "task", "job")] == ["whole"]
