"""Events of the sources that `up --drop-events` names are lost, as best-effort events may be on AWS.

Step Functions goes on to follow the work of `.sync`, whose events come by a managed rule, and "also polls":
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.aws.event_sources import EventSource
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, job

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:events"


@contextmanager
def losing(folder: Path, *sources: str) -> Iterator[EngineHarness]:
    """Yield a running engine that loses the events of some sources, with a rule for all events and a queue for them."""
    harness = EngineHarness(folder / "data")
    harness.config = replace(harness.config, drop_events=frozenset(map(EventSource, sources)))
    harness.up()
    harness.call("sqs", "CreateQueue", QueueName="events")
    harness.call("events", "PutRule", Name="all", EventPattern=dumps({"account": [ACCOUNT]}))
    harness.call("events", "PutTargets", Rule="all", Targets=[{"Id": "1", "Arn": QUEUE}])
    yield harness
    harness.close()


def received_sources(harness: EngineHarness) -> set[str]:
    """Receive the events in the queue, and return their sources."""
    url = harness.call("sqs", "GetQueueUrl", QueueName="events")["QueueUrl"]
    found: list[Json] = []
    while messages := harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += messages
    return {loads(each["Body"])["source"] for each in found}


def cause_events(harness: EngineHarness) -> str:
    """Cause events of ECS, Step Functions and CloudWatch, and one of a customer; return the execution."""
    harness.define_task()
    execution = harness.run_machine(job())
    alarm: Json = {"Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 1, "Statistic": "Sum"}
    alarm |= {"AlarmName": "a", "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    harness.call("monitoring", "PutMetricAlarm", **alarm)
    harness.call("monitoring", "SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="test")
    harness.call("events", "PutEvents", Entries=[{"Source": "app", "DetailType": "d", "Detail": "{}"}])
    harness.settle()
    return execution


CAUSED = {"aws.ecs", "aws.states", "aws.cloudwatch", "app"}


@pytest.mark.parametrize("lost", [(), ("aws.states",), ("aws.ecs", "aws.cloudwatch")])
def test_no_rule_gets_an_event_of_a_source_that_is_dropped(tmp_path: Path, lost: tuple[str, ...]) -> None:
    with losing(tmp_path, *lost) as harness:
        cause_events(harness)
        assert received_sources(harness) == CAUSED - set(lost)
        traffic = harness.call("events", "ListRecentEvents")
        assert not any(source in dumps(traffic) for source in lost)


def test_a_state_that_waits_for_its_task_goes_on_although_the_events_of_tasks_are_lost(tmp_path: Path) -> None:
    with losing(tmp_path, "aws.ecs", "aws.states") as harness:
        assert harness.status(cause_events(harness)) == "SUCCEEDED"


def test_events_that_are_lost_are_not_archived(tmp_path: Path) -> None:
    with losing(tmp_path, "aws.states") as harness:
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
        harness.call("events", "CreateArchive", ArchiveName="kept", EventSourceArn=bus)
        cause_events(harness)
        texts = [text for (text,) in harness.rows("SELECT body FROM archived_events")]
        assert texts
        assert not any("aws.states" in text for text in texts)
