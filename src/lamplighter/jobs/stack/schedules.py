"""Build the schedules of jobs, one for each expression.

Guarantees that AWS tries to start a run for as long as the job file specifies, up to AWS's limit of a day. Metadata
tells this engine what it can do beyond that: `Missed` states which missed times it makes up for, `Within` for how many
seconds afterwards.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.schedules import DAY_SECONDS
from lamplighter.jobs.lint.alarm_window import SLOT_CHECK_DELAY_SECONDS
from lamplighter.jobs.machine.local_times import zone_document
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.supported_jobs import needs_slot_check, starts_by_name
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting import dead_letter_queues
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.json_documents import join_document
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs import job_machine
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY
from lamplighter.runs.printable_text import to_subject

MAX_RETRIES = 185
"""The most that AWS allows, and its default."""
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""The placeholder that Scheduler replaces with the slot's time."""


def schedule_id(project: Project, name: str, at: int) -> str:
    """Return the name of a job's schedule."""
    return project.name(name) if at == 0 else f"{project.name(name)}--{at + 1}"


def schedule_states(project: Project) -> dict[str, str]:
    """Return the states that a job file gives to its schedules, by name."""
    found = (each.properties for each in schedule_resources(project, "here") if "State" in each.properties)
    return {each["Name"]: each["State"] for each in found}


def schedule_resources(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the schedules and their group."""
    if not any(job.schedule for job in project.jobs.values()):
        return
    yield Resource("Schedules", "AWS::Scheduler::ScheduleGroup", properties(Name=project.prefix))
    for name, job in project.jobs.items():
        for at, expression in enumerate(job.schedule):
            yield _schedule(project, name, job, at, expression, platform)
            if needs_slot_check(job):
                yield _slot_check_schedule(project, name, job, at, expression)


def _schedule(project: Project, name: str, job: Job, at: int, expression: str, platform: Platform) -> Resource:
    given = dumps({**job.input, LAMPLIGHTER_KEY: {"scheduled": SCHEDULED_TIME}})
    machine: Json = ref(names.state_machine_id(name))
    arn, text = machine, arns.escape_literal(given)
    if platform == "aws" and starts_by_name(job):
        known = {"scheduled": SCHEDULED_TIME, "suffix": f"--{at + 1}" if at else ""}
        arn = ref(job_machine.START_RUN)
        text = join_document({"machine": machine}, {**known, "input": loads(given)})
    return Resource(
        f"{names.logical_id(name)}Schedule{at + 1 if at else ''}",
        "AWS::Scheduler::Schedule",
        properties(
            Name=schedule_id(project, name, at),
            **_schedule_properties(expression, job.timezone, job.window),
            State="ENABLED" if job.enabled else "DISABLED",
            Target=_target(arn, text, job.roles.schedule, start_retry_policy(job)),
        ),
        job=name,
        engine_metadata=_engine_metadata(project, name, job),
    )


def _engine_metadata(project: Project, name: str, job: Job) -> Json:
    """Return this engine's metadata: which missed times it makes up for, and the channels for the others."""
    known = {"Job": name, "Missed": job.missed.run, "Within": job.missed.within}
    topics = {
        channel: project.channels[channel].sns or f"{project.prefix}-{channel}" for channel in job.notify.did_not_start
    }
    return known | ({"Tell": topics} if topics else {})


def _slot_check_schedule(project: Project, name: str, job: Job, at: int, expression: str) -> Resource:
    """Return the schedule that starts SLOT_CHECK, which checks whether a run began."""
    topics = [arns.topic_arn(project, channel) for channel in job.notify.did_not_start]
    known = {
        "scheduled": SCHEDULED_TIME,
        "seconds": (job.window or 0) + SLOT_CHECK_DELAY_SECONDS,
        "subject": to_subject(f"{name} did not start at its time"),
        "text": f"{name} did not start at its time",
        "name": project.name(name),
        "zone": zone_document(job.timezone),
        "project": project.prefix,
    }
    arns_of_check = {"machine": ref(names.state_machine_id(name)), "topics": topics}
    return Resource(
        f"{names.logical_id(name)}Slot{at + 1 if at else ''}",
        "AWS::Scheduler::Schedule",
        properties(
            Name=f"{project.name(name)}--slot{at + 1 if at else ''}",
            **_schedule_properties(expression, job.timezone, None),
            State="ENABLED",
            Target=_target(
                ref(job_machine.SLOT_CHECK),
                join_document(arns_of_check, known),
                None,
                _retry_policy(DAY_SECONDS, MAX_RETRIES),
            ),
        ),
        # This engine also checks a slot that passed while no engine ran, as soon as an engine runs again.
        engine_metadata={"Missed": "last", "Within": 366 * DAY_SECONDS},
        job=name,
    )


def _schedule_properties(expression: str, timezone: str, window: int | None) -> dict[str, Json]:
    return properties(
        GroupName=ref("Schedules"),
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=timezone,
        FlexibleTimeWindow=_window(window),
    )


def _target(arn: Json, text: Json, own_role: str | None, retry_policy: Json) -> Json:
    return properties(
        Arn=arn,
        RoleArn=own_role or get_att("ScheduleRole", "Arn"),
        Input=text,
        RetryPolicy=retry_policy,
        DeadLetterConfig=properties(Arn=get_att(dead_letter_queues.START_QUEUE_ID, "Arn")),
    )


def start_retry_policy(job: Job) -> Json:
    """Return for how long Scheduler tries to start a run: from a minute to a day."""
    if job.missed.run == "none":
        return _retry_policy(60, 0)
    return _retry_policy(min(max(job.missed.within, 60), DAY_SECONDS), MAX_RETRIES)


def _retry_policy(seconds: int, retries: int) -> Json:
    return properties(MaximumEventAgeInSeconds=seconds, MaximumRetryAttempts=retries)


def _window(seconds: int | None) -> Json:
    if seconds is None:
        return properties(Mode="OFF")
    return properties(Mode="FLEXIBLE", MaximumWindowInMinutes=max(1, seconds // 60))
