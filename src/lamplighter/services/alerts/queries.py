"""Read facts about a run and its task from the other services over the bus, with AWS's own operations.

Guarantees None or an empty result for resources that do not exist any more, so that the alert contains all that is
left.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Bus, Caller
from lamplighter.runs.history.story import Story, read_story
from lamplighter.runs.tasks.ecs_tasks import failed_container
from lamplighter.runs.tasks.log_stream import QUOTED_LINES, container_log_stream
from lamplighter.store.db import Reader

SCHEDULE_SUFFIX = re.compile("(--[0-9]+)?")
PAGE_SIZE, MAX_PAGES = 1_000, 3
"""The size of a page of the history, and the most pages that an alert reads, beginning at the end of the history."""


@dataclass(frozen=True, slots=True)
class AlertQueries:
    """Queries to the other services within one transaction."""

    bus: Bus
    reader: Reader
    caller: Caller

    def describe_run(self, execution: str) -> Json | None:
        """Return the answer of DescribeExecution."""
        return self._call("states", "DescribeExecution", executionArn=execution)

    def read_story(self, execution: str) -> Story:
        """Read the end of a run's history, at most `MAX_PAGES` * `PAGE_SIZE` events."""
        return read_story(reversed([*self._latest_events(execution)]))

    def _latest_events(self, execution: str) -> Iterator[Json]:
        token: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            params = {"executionArn": execution, "maxResults": PAGE_SIZE, "reverseOrder": True, **token}
            answer = self._call("states", "GetExecutionHistory", **params)
            # The bus returns the events as ready-made JSON text.
            yield from loads(dumps(answer["events"])) if answer is not None else ()
            if answer is None or "nextToken" not in answer:
                return
            token = {"nextToken": answer["nextToken"]}

    def list_runs(self, machine: str, most: int = PAGE_SIZE, **criteria: str) -> list[Json]:
        """Return the latest runs of a state machine as ListExecutions lists them; the newest first.

        `most` is at most `PAGE_SIZE`; `criteria` are further parameters of ListExecutions.
        """
        answer = self._call("states", "ListExecutions", stateMachineArn=machine, maxResults=most, **criteria)
        return [] if answer is None else list(answer["executions"])

    def schedules(self, machine: str, group: str) -> list[str]:
        """Return the names of a job's schedules: the name of its machine, which a number may follow."""
        answer = self._call("scheduler", "ListSchedules", GroupName=group, NamePrefix=machine)
        found = [each["Name"] for each in answer["Schedules"]] if answer is not None else []
        return [each for each in found if SCHEDULE_SUFFIX.fullmatch(each.removeprefix(machine))]

    def slots(self, schedule: str, group: str) -> list[Json]:
        """Return the latest slots of a schedule; the newest first."""
        answer = self._call("scheduler", "ListSlots", GroupName=group, Name=schedule)
        return [] if answer is None else list(answer["Slots"])

    def describe_task(self, task: str) -> Json | None:
        """Return the task as DescribeTasks describes it."""
        cluster = task.partition(":task/")[2].partition("/")[0]
        answer = self._call("ecs", "DescribeTasks", cluster=cluster, tasks=[task])
        found: list[Json] = answer["tasks"] if answer is not None else []
        return found[0] if found else None

    def last_lines(self, task: Json) -> list[str]:
        """Return the last lines that the failed container of the task has logged."""
        answer = self._call("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
        defined = answer["taskDefinition"]["containerDefinitions"] if answer is not None else []
        failed = failed_container(task).get("name")
        log = next((container_log_stream(each, task["taskArn"]) for each in defined if each["name"] == failed), None)
        if log is None:
            return []
        found = self._call("logs", "GetLogEvents", logGroupName=log.group, logStreamName=log.stream, limit=QUOTED_LINES)
        return [event["message"] for event in found["events"]] if found is not None else []

    def rule_topics(self, rule: str) -> list[str]:
        """Return the ARNs of the topics among a rule's targets."""
        answer = self._call("events", "ListTargetsByRule", Rule=rule)
        found = [each["Arn"] for each in answer["Targets"]] if answer is not None else []
        return [each for each in found if ":sns:" in each]

    def alarm_topics(self, alarm: str) -> list[str]:
        """Return the ARNs of the topics among an alarm's actions."""
        answer = self._call("monitoring", "DescribeAlarms", AlarmNames=[alarm])
        found = [each for described in answer["MetricAlarms"] for each in described["AlarmActions"]] if answer else []
        return [each for each in found if ":sns:" in each]

    def _call(self, service: str, operation: str, **params: Json) -> Json | None:
        try:
            return self.bus.read(self.reader, self.caller, service, operation, params)
        except AwsError:
            return None
