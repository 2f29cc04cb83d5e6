"""Build the alarms for jobs whose runs do not start.

Guarantees an alarm for every such job for which CloudWatch can wait long enough. The alarm acts when no run has begun
for longer than the longest interval of the schedule: missing data is breaching. A new alarm warms up for the same time,
so that it is silent after a first deployment until the first run. AWS limits the warm-up to two days. If the interval
is longer, the alarm of a first deployment may act once on AWS, after two days. Metadata (`Patience`) tells this engine
how long to wait instead. For intervals of more than a week, the machine SLOT_CHECK checks each slot (`schedules.py`).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html.
"""

from collections.abc import Iterator

from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.intrinsic_functions import ref
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.local_times import UTC_NAME

MAX_WARM_UP_MINUTES = 2_880
"""The longest warm-up of a CloudWatch alarm, in minutes."""


def did_not_start_alarms(project: Project, name: str) -> Iterator[Resource]:
    """Yield the alarm for a job whose runs do not start, if the job needs one and CloudWatch can wait long enough."""
    job = project.jobs[name]
    wait = alarm_window(job) if job.schedule and job.enabled and job.notify.did_not_start else None
    if wait is not None:
        step, count = wait
        yield Resource(
            f"{names.logical_id(name)}DidNotStart",
            "AWS::CloudWatch::Alarm",
            properties(
                AlarmName=f"{project.name(name)}-did-not-start",
                AlarmDescription=f"{name} did not start: no run began for longer than its schedule explains",
                Namespace="AWS/States",
                MetricName="ExecutionsStarted",
                Dimensions=[properties(Name="StateMachineArn", Value=ref(names.state_machine_id(name)))],
                Statistic="Sum",
                Period=step,
                EvaluationPeriods=count,
                Threshold=1,
                ComparisonOperator="LessThanThreshold",
                TreatMissingData="breaching",
                WarmUpConfiguration=properties(
                    WarmUpPeriodDurationInMinutes=min(step * count // 60, MAX_WARM_UP_MINUTES),
                    OnlyStartEvaluatingAfterWarmUpPeriodEnds=True,
                ),
                AlarmActions=[arns.topic_arn(project, channel) for channel in job.notify.did_not_start],
            ),
            engine_metadata={"Job": name, "Pattern": "did-not-start", "Patience": step * count, **_zone(job)},
        )


def _zone(job: Job) -> dict[str, str]:
    """Return this engine's metadata with the time zone in which it states times, unless that is UTC."""
    return {} if job.timezone == UTC_NAME else {"Zone": job.timezone}
