"""An error in a container's output, counted by a metric filter, rings an alarm that people are told of."""

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness

GROUP = "/ecs/night"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


def watched(harness: CloudWatchHarness) -> None:
    """Count errors of a log group, and put an alarm on them."""
    harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
    made = {"metricName": "errors", "metricNamespace": "app", "metricValue": "1", "defaultValue": 0}
    filtered: Json = {"filterName": "errors", "filterPattern": "ERROR", "metricTransformations": [made]}
    harness.call("logs", "PutMetricFilter", logGroupName=GROUP, **filtered)
    harness.alarm(
        MetricName="errors",
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def run(harness: CloudWatchHarness, *lines: str) -> None:
    """Run a container that writes lines to the group and ends."""
    options = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "batch"}
    container = {
        "name": "main",
        "image": "busybox",
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    harness.call("ecs", "CreateCluster")
    harness.call(
        "ecs",
        "RegisterTaskDefinition",
        family="night",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    harness.runtime.script(Script(lines=tuple(("stdout", line) for line in lines)))
    harness.call("ecs", "RunTask", taskDefinition="night", launchType="FARGATE", networkConfiguration=NETWORK)
    harness.settle()


def test_an_error_that_a_container_writes_is_told_to_people(harness: CloudWatchHarness) -> None:
    watched(harness)
    run(harness, "all is well")
    harness.minutes(2)
    assert harness.state() == "OK"
    run(harness, "ERROR: no data")
    harness.advance(MINUTE)
    assert harness.state() == "ALARM"
    ((subject, _),) = [mail for mail in harness.mails() if mail[0].startswith("ALARM")]
    assert "alarm" in subject


def test_what_was_counted_is_there_after_a_crash(harness: CloudWatchHarness) -> None:
    watched(harness)
    run(harness, "ERROR: no data")
    harness.restart()
    harness.advance(MINUTE)
    assert harness.state() == "ALARM"
