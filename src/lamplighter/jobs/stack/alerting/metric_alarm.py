"""Build an alarm that acts when the total of some metrics is above zero, in periods of a minute."""

from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.resources import Resource, properties


def metric(namespace: str, name: str, dimension: str, value: Json) -> Json:
    """Return a metric with one dimension."""
    return properties(Namespace=namespace, MetricName=name, Dimensions=[properties(Name=dimension, Value=value)])


def sum_of_metrics(label: str) -> Json:
    """Return the sum of an alarm's metrics as its total."""
    return properties(Id="sum", Expression="SUM(METRICS())", Label=label)


def metric_alarm(
    project: Project,
    title: str,
    name: str,
    what: str,
    metrics: Mapping[str, Json],
    total: Json,
    channels: Sequence[str] = (),
    *,
    statistic: str = "Sum",
    minutes: int = 1,
    breaching: int | None = None,
    job: str | None = None,
) -> Resource:
    """Return an alarm that tells channels when `breaching` (else all) of the last minutes have a total above zero."""
    counted = [
        properties(Id=each, MetricStat=properties(Metric=given, Period=60, Stat=statistic), ReturnData=False)
        for each, given in metrics.items()
    ]
    return Resource(
        title,
        "AWS::CloudWatch::Alarm",
        properties(
            AlarmName=name,
            AlarmDescription=what,
            Metrics=[*counted, total],
            EvaluationPeriods=minutes,
            DatapointsToAlarm=breaching,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[arns.topic_arn(project, each) for each in channels] or None,
        ),
        job=job,
    )
