"""The log contains the complete output of a task when the event of its stop is published."""

from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.bus import Event
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.store.db import Tx
from tests.engine_harness import CALLER, EngineHarness
from tests.fake_runtime import Script


def test_the_last_line_is_in_the_log_when_the_task_stops(tmp_path: Path) -> None:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    seen: list[list[str]] = []

    def read_log(tx: Tx, event: Event) -> None:
        if event.detail["lastStatus"] == "STOPPED":
            stream = f"job/main/{event.detail['taskArn'].rpartition('/')[2]}"
            params = {"logGroupName": "/job", "logStreamName": stream}
            found = harness.engine.bus.read(tx, CALLER, "logs", "GetLogEvents", params)
            seen.append([each["message"] for each in found["events"]])

    harness.engine.bus.subscribe("aws.ecs", read_log)
    harness.runtime.script(Script(after=None))
    harness.call("logs", "CreateLogGroup", logGroupName="/job")
    harness.call("ecs", "CreateCluster")
    options = {"awslogs-group": "/job", "awslogs-region": CALLER.region, "awslogs-stream-prefix": "job"}
    container = {"name": "main", "image": "busybox", "memory": 128}
    container |= {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container])
    harness.call("ecs", "RunTask", taskDefinition="job")
    harness.settle()
    (name,) = harness.runtime.remaining()
    for number in range(3):
        harness.runtime.write(name, f"line {number}")
    harness.runtime.finish(name, 1)
    harness.settle()
    assert seen == [["line 0", "line 1", "line 2"]]
    harness.close()


def test_output_that_never_ends_delays_the_end_of_the_task_for_a_minute_only(tmp_path: Path) -> None:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    harness.runtime.script(Script(after=None))
    harness.define_task()
    arn = harness.call("ecs", "RunTask", taskDefinition="job")["tasks"][0]["taskArn"]
    harness.settle()
    (name,) = harness.runtime.remaining()
    logs = harness.runtime.logs

    async def endless_logs(name: str, cursor: OutputCursor) -> Json:
        async for line in logs(name, cursor):
            yield line
        await harness.runtime._until(lambda: False)

    harness.runtime.logs = endless_logs  # type: ignore[method-assign, assignment]
    harness.restart()
    harness.runtime.finish(name, 1)
    harness.settle()

    def status() -> str:
        found: str = harness.call("ecs", "DescribeTasks", tasks=[arn])["tasks"][0]["lastStatus"]
        return found

    assert status() != "STOPPED"
    harness.advance(60_000)
    assert status() == "STOPPED"
    harness.close()
