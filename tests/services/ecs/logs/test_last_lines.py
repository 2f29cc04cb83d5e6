"""Whoever hears that a task has stopped finds the whole of its output in the log."""

from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.bus import Event
from lamplighter.runtime.fake import Script
from lamplighter.store.db import Tx
from tests.engines import CALLER, Site


def test_the_last_line_is_in_the_log_when_the_task_stops(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")
    site.up()
    seen: list[list[str]] = []

    def hear(tx: Tx, event: Event) -> None:
        if event.detail["lastStatus"] == "STOPPED":
            stream = f"job/main/{event.detail['taskArn'].rpartition('/')[2]}"
            asked = {"logGroupName": "/job", "logStreamName": stream}
            found = site.engine.bus.read(tx, CALLER, "logs", "GetLogEvents", asked)
            seen.append([each["message"] for each in found["events"]])

    site.engine.bus.subscribe("aws.ecs", hear)
    site.runtime.script(Script(after=None))
    site.call("logs", "CreateLogGroup", logGroupName="/job")
    site.call("ecs", "CreateCluster")
    options = {"awslogs-group": "/job", "awslogs-region": CALLER.region, "awslogs-stream-prefix": "job"}
    container = {"name": "main", "image": "busybox", "memory": 128}
    container |= {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    site.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container])
    site.call("ecs", "RunTask", taskDefinition="job")
    site.settle()
    (name,) = site.runtime.left()
    for number in range(3):
        site.runtime.write(name, f"line {number}")
    site.runtime.finish(name, 1)
    site.settle()
    assert seen == [["line 0", "line 1", "line 2"]]
    site.close()


def test_a_runtime_that_gives_no_output_holds_the_end_for_seconds_only(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")
    site.up()
    site.runtime.script(Script(after=None))
    site.define_task()
    arn = site.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    site.settle()
    (name,) = site.runtime.left()
    logs = site.runtime.logs

    async def silent(name: str) -> Json:
        async for line in logs(name):
            yield line
        await site.runtime._until(lambda: False)

    site.runtime.logs = silent  # type: ignore[method-assign]
    site.restart()
    site.runtime.finish(name, 1)
    site.settle()

    def status() -> str:
        found: str = site.call("ecs", "DescribeTasks", tasks=[arn])["tasks"][0]["lastStatus"]
        return found

    assert status() != "STOPPED"
    site.advance(5_000)
    assert status() == "STOPPED"
    site.close()
