"""The tasks that schedules and rules started, as runs: of an engine, and of AWS, which forgets them after an hour."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.calls import CallContext, Calls
from lamplighter.console.data.jobs.scheduled_tasks import task_runs_since
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.runs.tasks.task_run import TaskRun
from tests.engine_harness import ACCOUNT, HOUR, REGION, ROLE, EngineHarness

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"


def make_calls(harness: EngineHarness, port: LocalPort) -> Calls:
    return Calls(CallContext(port, harness.engine.world), Place(ACCOUNT, REGION))


class AwsLikePort(LocalPort):
    """A port without the operations that only an engine has."""

    async def call_internal(self, place: Place, service: str, operation: str, params: Json, actor: Json = None) -> Json:
        """Return None for operations that AWS lacks."""
        if operation == "ListScheduledTasks":
            return None
        return await super().call_internal(place, service, operation, params, actor)


def define(harness: EngineHarness, family: str) -> str:
    container = {"name": "main", "image": "busybox", "memory": 128}
    answer = harness.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[container])
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def create_schedule(harness: EngineHarness, name: str, target: Json) -> None:
    harness.call(
        "scheduler", "CreateSchedule", Name=name, ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"RoleArn": ROLE, **target},
    )  # fmt: skip


@pytest.fixture
def night(harness: EngineHarness) -> EngineHarness:
    """An engine with a task of a schedule, of a schedule with a universal target, of a rule, and of somebody else."""
    harness.call("ecs", "CreateCluster")
    create_schedule(harness, "a", {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": define(harness, "of-a")}})
    universal = {"Cluster": "default", "TaskDefinition": define(harness, "of-universal")}
    create_schedule(harness, "b", {"Arn": RUN_TASK, "Input": dumps(universal)})
    harness.call("events", "PutRule", Name="pulse", ScheduleExpression="rate(1 hour)")
    target = {"Id": "1", "Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": define(harness, "r")}}
    harness.call("events", "PutTargets", Rule="pulse", Targets=[target])
    harness.call("ecs", "RunTask", taskDefinition=define(harness, "other"))
    harness.call("ecs", "RunTask", taskDefinition="of-a", startedBy="AWS Step Functions")
    harness.call("ecs", "RunTask", taskDefinition="of-a", startedBy="airflow")
    harness.settle()
    harness.advance(HOUR)
    return harness


@pytest.mark.parametrize("port", [LocalPort, AwsLikePort])
def test_the_tasks_of_schedules_and_rules_are_runs_and_no_others_are(
    night: EngineHarness, port: type[LocalPort]
) -> None:
    def read(since: int) -> list[TaskRun]:
        return [*night.run(task_runs_since(make_calls(night, port(night.engine)), since))]

    runs = read(0)
    assert {each.family for each in runs} == {"of-a", "of-universal", "r"}
    assert {each.started_by for each in runs} == {"chronos-schedule/a", "", "events-rule/pulse"}
    assert [each.began for each in runs] == sorted((each.began for each in runs), reverse=True)
    middle = sorted(each.began for each in runs)[len(runs) // 2]
    assert {each.arn for each in read(middle)} == {each.arn for each in runs if each.began >= middle}
    assert read(max(each.began for each in runs) + 1) == []
