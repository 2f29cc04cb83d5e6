"""A metric filter counts errors in a container's output, and an alarm on them sends a notification."""

from lamplighter.base.json_text import Json
from tests.fake_runtime import Script
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness

GROUP = "/ecs/night"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


def put_filter_and_alarm(harness: CloudWatchHarness) -> None:
    """Put a metric filter that counts the errors of a log group, and an alarm on its metric."""
    harness.call("logs", "CreateLogGroup", logGroupName=GROUP)
    transformation = {"metricName": "errors", "metricNamespace": "app", "metricValue": "1", "defaultValue": 0}
    metric_filter: Json = {"filterName": "errors", "filterPattern": "ERROR", "metricTransformations": [transformation]}
    harness.call("logs", "PutMetricFilter", logGroupName=GROUP, **metric_filter)
    harness.put_alarm(
        MetricName="errors",
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def run_container(harness: CloudWatchHarness, *lines: str) -> None:
    """Run a container that writes lines to the log group and ends."""
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


def test_an_error_in_the_output_of_a_container_sends_an_alarm_mail(harness: CloudWatchHarness) -> None:
    put_filter_and_alarm(harness)
    run_container(harness, "all is well")
    harness.advance_minutes(2)
    assert harness.state() == "OK"
    run_container(harness, "ERROR: no data")
    harness.advance(MINUTE)
    assert harness.state() == "ALARM"
    ((subject, _),) = [mail for mail in harness.mails() if mail[0].startswith("ALARM")]
    assert "alarm" in subject


def test_counted_errors_survive_a_crash(harness: CloudWatchHarness) -> None:
    put_filter_and_alarm(harness)
    run_container(harness, "ERROR: no data")
    harness.restart()
    harness.advance(MINUTE)
    assert harness.state() == "ALARM"
