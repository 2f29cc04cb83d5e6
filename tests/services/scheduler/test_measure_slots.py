"""CloudWatch has metrics of the slots of a schedule group.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
"""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.scheduler.scheduler_harness import MINUTE, SchedulerHarness


def sums(harness: SchedulerHarness, name: str, group: str = "default") -> list[float]:
    """Return the sums of a metric in the last ten minutes, minute by minute."""
    now = harness.clock.now() / 1000
    params: Json = {"Namespace": "AWS/Scheduler", "Dimensions": [{"Name": "ScheduleGroup", "Value": group}]}
    params |= {"StartTime": now - 600, "EndTime": now + 60, "Period": 60, "Statistics": ["Sum"]}
    points = harness.call("monitoring", "GetMetricStatistics", MetricName=name, **params)["Datapoints"]
    return [point["Sum"] for point in points]


def listed(harness: SchedulerHarness) -> list[str]:
    found = harness.call("monitoring", "ListMetrics", Namespace="AWS/Scheduler")["Metrics"]
    return [metric["MetricName"] for metric in found]


def test_the_slots_of_a_group_are_counted_when_they_fire(harness: SchedulerHarness) -> None:
    assert listed(harness) == []
    harness.create_schedule("rate(1 minute)", "one")
    harness.create_schedule("rate(1 minute)", "two")
    for _ in range(2):
        harness.advance(MINUTE)
    assert sums(harness, "InvocationAttemptCount") == [2.0, 2.0, 2.0]
    assert sums(harness, "InvocationAttemptCount", "other") == []
    assert sums(harness, "InvocationDroppedCount") == []
    assert listed(harness) == ["InvocationAttemptCount"]


def test_a_slot_that_was_given_up_was_dropped(harness: SchedulerHarness) -> None:
    harness.create_schedule("rate(1 minute)")
    harness.engine.next_errors.append(AwsError("no such queue", code="QueueDoesNotExist"))
    harness.advance(MINUTE)
    assert sums(harness, "InvocationDroppedCount") == sums(harness, "TargetErrorCount") == [1.0]
    assert listed(harness) == ["InvocationAttemptCount", "InvocationDroppedCount", "TargetErrorCount"]
