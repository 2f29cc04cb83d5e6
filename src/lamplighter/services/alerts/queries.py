"""What the services know of a run and of a task: asked on the bus, as a customer would ask.

Promises None, or nothing, for what is not there any more: an alert has what can be found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Bus, Caller
from lamplighter.store.db import Reader

LINES = 20
PAGE, PAGES = 1_000, 3
"""How much of a history is looked at, from its end."""


@dataclass(frozen=True, slots=True)
class AlertQueries:
    """Answers questions within one transaction."""

    bus: Bus
    reader: Reader
    caller: Caller

    def run(self, execution: str) -> Json | None:
        """DescribeExecution"""
        return self._ask("states", "DescribeExecution", executionArn=execution)

    def history(self, execution: str) -> Iterator[Json]:
        """The events of a run, the last first; no more than a few thousand."""
        token: dict[str, str] = {}
        for _ in range(PAGES):
            params = {"executionArn": execution, "maxResults": PAGE, "reverseOrder": True, **token}
            answer = self._ask("states", "GetExecutionHistory", **params)
            # Events come as ready-made JSON.
            yield from loads(dumps(answer["events"])) if answer is not None else ()
            if answer is None or "nextToken" not in answer:
                return
            token = {"nextToken": answer["nextToken"]}

    def task(self, task: str) -> Json | None:
        """A task as DescribeTasks has it."""
        cluster = task.partition(":task/")[2].partition("/")[0]
        answer = self._ask("ecs", "DescribeTasks", cluster=cluster, tasks=[task])
        found: list[Json] = answer["tasks"] if answer is not None else []
        return found[0] if found else None

    def lines(self, task: Json, container: str) -> list[str]:
        """The last lines that a container of a task has logged."""
        answer = self._ask("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
        defined = answer["taskDefinition"]["containerDefinitions"] if answer is not None else []
        options = next((_options(each) for each in defined if each["name"] == container), {})
        prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
        if prefix is None or group is None:
            return []
        stream = f"{prefix}/{container}/{task['taskArn'].rpartition('/')[2]}"
        found = self._ask("logs", "GetLogEvents", logGroupName=group, logStreamName=stream, limit=LINES)
        return [event["message"] for event in found["events"]] if found is not None else []

    def targets(self, rule: str) -> list[str]:
        """The ARNs of the topics that a rule tells."""
        answer = self._ask("events", "ListTargetsByRule", Rule=rule)
        found = [each["Arn"] for each in answer["Targets"]] if answer is not None else []
        return [each for each in found if ":sns:" in each]

    def actions(self, alarm: str) -> list[str]:
        """The ARNs of the topics that an alarm tells."""
        answer = self._ask("monitoring", "DescribeAlarms", AlarmNames=[alarm])
        found = [each for described in answer["MetricAlarms"] for each in described["AlarmActions"]] if answer else []
        return [each for each in found if ":sns:" in each]

    def _ask(self, service: str, operation: str, **params: Json) -> Json | None:
        try:
            return self.bus.read(self.reader, self.caller, service, operation, params)
        except AwsError:
            return None


def _options(container: Json) -> dict[str, str]:
    found: dict[str, str] = (container.get("logConfiguration") or {}).get("options") or {}
    return found


def failed_container(task: Json) -> Json | None:
    """The container that ended badly, the job's own before those beside it; where none did, the job's own."""
    containers: list[Json] = sorted(task.get("containers", []), key=lambda each: bool(each["name"] != "main"))
    bad = [each for each in containers if each.get("exitCode") not in (None, 0)]
    return next(iter([*bad, *containers]), None)


def container_variable(task: Json, name: str) -> str | None:
    """The value of an environment variable that the run gave to its container."""
    overrides = (task.get("overrides") or {}).get("containerOverrides") or []
    pairs = [pair for each in overrides for pair in each.get("environment") or []]
    return next((pair.get("value") for pair in pairs if pair.get("name") == name), None)


def execution_of(task: Json, caller: Caller) -> str | None:
    """The run that a task is an attempt of: its family is named like the job's machine."""
    whole = container_variable(task, "LAMPLIGHTER_RUN_ARN")
    if whole:
        return whole  # of a workflow, whose steps are other jobs
    run, group = container_variable(task, "LAMPLIGHTER_RUN"), task.get("group", "")
    if not run or not group.startswith("family:"):
        return None
    machine = group.removeprefix("family:")
    return arn.build("states", caller.region, caller.account, f"execution:{machine}:{run}")
