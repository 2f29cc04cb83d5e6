"""Build the alarms for jobs whose runs do not start, and on AWS those for runs that fail.

Guarantees an alarm for every such job for which CloudWatch can wait long enough. The alarm acts when no run has begun
for longer than the longest interval of the schedule: missing data is breaching. A new alarm warms up for the same time,
so that it is silent after a first deployment until the first run. AWS limits the warm-up to two days. If the interval
is longer, the alarm of a first deployment may act once on AWS, after two days. Metadata (`Patience`) tells this engine
how long to wait instead. For intervals of more than a week, the machine SLOT_CHECK checks each slot (`schedules.py`).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html.

On AWS, the alarms of a job have no action: their changes of state start FAILURE_CHECK (`project_rules.py`), which lists
the runs that failed. CloudWatch reports to nobody that a topic refused an action; a machine that is refused fails, and
an alarm reports that.
An alarm for a supporting machine alerts channels itself, for nothing else would: two of them, if there are two.
"""

from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.machine.failure_machine import NO_START
from lamplighter.jobs.machine.job_table import FAILED_ALARM, NOT_STARTED_ALARM
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.supported_jobs import failure_channels, needs_start_alarm
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting.alarm_channels import groups, with_other_channel
from lamplighter.jobs.stack.alerting.metric_alarm import metric, metric_alarm, sum_of_metrics
from lamplighter.jobs.stack.intrinsic_functions import ref
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.jobs.stack.supporting_machines import POSSIBLE_LOSS
from lamplighter.runs.jobs import job_machine
from lamplighter.runs.local_times import UTC_NAME

MAX_WARM_UP_MINUTES = 2_880
"""The longest warm-up of a CloudWatch alarm, in minutes."""


def did_not_start_alarms(project: Project, name: str, platform: Platform) -> Iterator[Resource]:
    """Yield the alarm for a job whose runs do not start, if the job needs one and CloudWatch can wait long enough."""
    job = project.jobs[name]
    wait = alarm_window(job) if needs_start_alarm(job) else None
    if wait is not None:
        step, count = wait
        yield Resource(
            f"{names.logical_id(name)}DidNotStart",
            "AWS::CloudWatch::Alarm",
            properties(
                AlarmName=f"{project.name(name)}{NOT_STARTED_ALARM}",
                AlarmDescription=f"{name}{NO_START}",
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
                AlarmActions=[arns.topic_arn(project, channel) for channel in job.notify.did_not_start]
                if platform == "here"
                else None,
            ),
            job=name,
            engine_metadata={"Job": name, "Pattern": "did-not-start", "Patience": step * count, **_zone(job)},
        )


def failed_runs_alarms(project: Project, name: str) -> Iterator[Resource]:
    """Yield the alarm for the failed runs of a job whose failures cause alerts."""
    if failure_channels(project.jobs[name]):
        yield metric_alarm(
            project,
            f"{names.logical_id(name)}Failed",
            f"{project.name(name)}{FAILED_ALARM}",
            f"A run of {name} failed",
            _endings(names.state_machine_id(name), "Failed", "TimedOut"),
            sum_of_metrics("failed runs"),
            job=name,
        )


def supporting_alarms(project: Project, machine: str, channels: Sequence[str]) -> Iterator[Resource]:
    """Yield the alarms for failures of a supporting machine: one for every five channels."""
    name = f"{project.prefix}{job_machine.machine_suffix(machine)}"
    for number, told in groups(with_other_channel(project, channels)):
        yield metric_alarm(
            project,
            f"{machine}FailedAlarm{number}",
            f"{name}-failing{number}",
            f"{name} failed: {POSSIBLE_LOSS[machine]}",
            _endings(machine, "Failed", "TimedOut", "Aborted"),
            sum_of_metrics("failed runs"),
            told,
        )


def _endings(machine: str, *endings: str) -> dict[str, Json]:
    """Return the metrics of a state machine's executions that end in one of several ways."""
    return {
        ending.lower(): metric("AWS/States", f"Executions{ending}", "StateMachineArn", ref(machine))
        for ending in endings
    }


def _zone(job: Job) -> dict[str, str]:
    """Return this engine's metadata with the time zone in which it states times, unless that is UTC."""
    return {} if job.timezone == UTC_NAME else {"Zone": job.timezone}
