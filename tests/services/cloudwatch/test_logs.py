"""An error in a container's output, counted by a metric filter, rings an alarm that people are told of."""

from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from tests.services.cloudwatch.tower import MINUTE, Tower

GROUP = "/ecs/night"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


def watched(tower: Tower) -> None:
    """Count errors of a log group, and put an alarm on them."""
    tower.call("logs", "CreateLogGroup", logGroupName=GROUP)
    made = {"metricName": "errors", "metricNamespace": "app", "metricValue": "1", "defaultValue": 0}
    filtered: Json = {"filterName": "errors", "filterPattern": "ERROR", "metricTransformations": [made]}
    tower.call("logs", "PutMetricFilter", logGroupName=GROUP, **filtered)
    tower.alarm(
        MetricName="errors",
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def run(tower: Tower, *lines: str) -> None:
    """Run a container that writes lines to the group and ends."""
    options = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "batch"}
    container = {
        "name": "main",
        "image": "busybox",
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    tower.call("ecs", "CreateCluster")
    tower.call(
        "ecs",
        "RegisterTaskDefinition",
        family="night",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    tower.runtime.script(Script(lines=tuple(("stdout", line) for line in lines)))
    tower.call("ecs", "RunTask", taskDefinition="night", launchType="FARGATE", networkConfiguration=NETWORK)
    tower.settle()


def test_an_error_that_a_container_writes_is_told_to_people(tower: Tower) -> None:
    watched(tower)
    run(tower, "all is well")
    tower.minutes(2)
    assert tower.state() == "OK"
    run(tower, "ERROR: no data")
    tower.advance(MINUTE)
    assert tower.state() == "ALARM"
    ((subject, _),) = [mail for mail in tower.mails() if mail[0].startswith("ALARM")]
    assert "alarm" in subject


def test_what_was_counted_is_there_after_a_crash(tower: Tower) -> None:
    watched(tower)
    run(tower, "ERROR: no data")
    tower.restart()
    tower.advance(MINUTE)
    assert tower.state() == "ALARM"
