"""The alarms for runs that did not start.

Promises an alarm for a job that does not start wherever CloudWatch can wait that long: where no run began for longer
than the longest time between two of the schedule's, missing data is breaching. A new alarm warms up for as long, so
that a first deployment is silent until the first run. AWS lets an alarm warm up for two days at most: where the times
of a schedule are further apart, the alarm of a first deployment may ring there once, after two days; the engine of this
box is told by metadata how long to wait (`Patience`). For schedules further apart than a week the machine SLOTS looks
after each slot (`schedules.py`).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html.
"""

from collections.abc import Iterator

from troposphere import Ref, cloudwatch

from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.stack import arns

LONGEST_WARM_UP = 2_880
"""Minutes for which CloudWatch lets an alarm warm up."""


def did_not_start_alarms(project: Project, name: str) -> Iterator[cloudwatch.Alarm]:
    """The alarm for a job whose runs do not begin, if it wants one and CloudWatch can wait for its runs."""
    job = project.jobs[name]
    wait = alarm_window(job) if job.schedule and job.enabled and job.notify.did_not_start else None
    if wait is not None:
        step, count = wait
        yield cloudwatch.Alarm(
            f"{names.logical_id(name)}DidNotStart",
            AlarmName=f"{project.name(name)}-did-not-start",
            AlarmDescription=f"No run of the job {name} began for longer than its schedule explains.",
            Namespace="AWS/States",
            MetricName="ExecutionsStarted",
            Dimensions=[cloudwatch.MetricDimension(Name="StateMachineArn", Value=Ref(names.state_machine_id(name)))],
            Statistic="Sum",
            Period=step,
            EvaluationPeriods=count,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
            TreatMissingData="breaching",
            WarmUpConfiguration=cloudwatch.WarmUpConfiguration(
                WarmUpPeriodDurationInMinutes=min(step * count // 60, LONGEST_WARM_UP),
                OnlyStartEvaluatingAfterWarmUpPeriodEnds=True,
            ),
            AlarmActions=[arns.topic_arn(project, channel) for channel in job.notify.did_not_start],
            Metadata={"Lamplighter": {"Job": name, "Pattern": "did-not-start", "Patience": step * count}},
        )
