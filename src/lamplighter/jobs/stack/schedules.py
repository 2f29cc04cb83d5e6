"""When jobs begin: a schedule for each expression, and the queue of those that could not be begun.

Promises that AWS tries to start a run for as long as the job says (a day at most, which is all that AWS can). What the
engine of this box can do beside is metadata: `Missed` says which of the times it makes up for that it was not there
for, `Within` for how many seconds afterwards.
"""

from collections.abc import Iterator

from troposphere import AWSObject, GetAtt, Ref, scheduler, sqs

from lamplighter.base.jsontext import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.expressions import OWN
from lamplighter.jobs.model import Job, Project

DAY = 86_400
MOST_RETRIES = 185
TWO_WEEKS = 14 * DAY
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the time for which a run is meant here."""


def title(project: Project, name: str, at: int) -> str:
    """What a schedule is called."""
    return project.name(name) if at == 0 else f"{project.name(name)}--{at + 1}"


def resources(project: Project) -> Iterator[AWSObject]:
    """The schedules, their group, and the queue."""
    if not any(job.schedule for job in project.jobs.values()):
        return
    yield scheduler.ScheduleGroup("Schedules", Name=project.prefix)
    yield sqs.Queue(
        "DidNotStart",
        QueueName=f"{project.prefix}-did-not-start",
        MessageRetentionPeriod=TWO_WEEKS,
        SqsManagedSseEnabled=True,
    )
    for name, job in project.jobs.items():
        for at, expression in enumerate(job.schedule):
            yield _schedule(project, name, job, at, expression)


def _schedule(project: Project, name: str, job: Job, at: int, expression: str) -> scheduler.Schedule:
    return scheduler.Schedule(
        f"{names.logical(name)}Schedule{at + 1 if at else ''}",
        Name=title(project, name, at),
        GroupName=Ref("Schedules"),
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=job.timezone,
        FlexibleTimeWindow=scheduler.FlexibleTimeWindow(**_window(job.window)),
        State="ENABLED" if job.enabled else "DISABLED",
        Target=scheduler.Target(
            Arn=Ref(names.machine(name)),
            RoleArn=job.roles.schedule or GetAtt("ScheduleRole", "Arn"),
            Input=dumps({**job.input, OWN: {"scheduled": SCHEDULED_TIME}}),
            RetryPolicy=scheduler.RetryPolicy(**patience(job)),
            DeadLetterConfig=scheduler.DeadLetterConfig(Arn=GetAtt("DidNotStart", "Arn")),
        ),
        Metadata={"Lamplighter": _local(project, name, job)},
    )


def _local(project: Project, name: str, job: Job) -> Json:
    """What the engine of this box does beside: which missed times it makes up for, and whom it tells of the others."""
    known = {"Job": name, "Missed": job.missed.run, "Within": job.missed.within}
    told = {
        channel: project.channels[channel].sns or f"{project.prefix}-{channel}" for channel in job.notify.did_not_start
    }
    return known | ({"Tell": told} if told else {})


def patience(job: Job) -> Json:
    """How long Scheduler tries to start a run: from a minute to a day."""
    if job.missed.run == "none":
        return {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    return {"MaximumEventAgeInSeconds": min(max(job.missed.within, 60), DAY), "MaximumRetryAttempts": MOST_RETRIES}


def _window(window: int | None) -> Json:
    return {"Mode": "OFF"} if window is None else {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": max(1, window // 60)}
