"""The rules that tell of attempts and runs (patterns 1 and 2), and of failures that a run could not tell itself.

A job that tells of its failures from inside (`notify: {caught: …}`) and asks for no other alert has a rule for what no
run can catch: its deadline, for "Step Functions catchers are … not [available] for top-level state machine execution
failures", and States.Runtime, which "States.ALL" does not catch either. On AWS the rule starts the machine FAILURES,
which tells what the run has not; the engine of one box knows by itself what a run has told.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

import re
from collections.abc import Iterator, Sequence

from troposphere import GetAtt, If, Ref, Sub, events

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.machine.alert_states import LONGEST_SUBJECT
from lamplighter.jobs.machine.expressions import ATTEMPT_AT, KILLED, RUN_ARN_AT
from lamplighter.jobs.machine.supported_jobs import alert_channels, needs_failure_check, supported_jobs
from lamplighter.jobs.stack import arns, console_links, dead_letter_queues, roles
from lamplighter.jobs.stack.json_documents import join_document
from lamplighter.jobs.stack.supporting_machines import ONLY_ON_AWS
from lamplighter.runs import job_machine

MOST_TARGETS = 5
"""Of one rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
_READ = re.compile("<([a-z]+)>")
GONE_WRONG = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
"""Ways to stop that say by themselves that an attempt failed; UserInitiated is somebody's wish."""
STOPPED = "The Task state in AWS Step Functions execution"
"""How the reason of a task begins that Step Functions stopped: it took too long, or its run was stopped."""


def job_rules(project: Project, name: str) -> Iterator[events.Rule]:
    """The rules of a job."""
    job = project.jobs[name]
    if job.notify.attempt_failed and job.workflow is None:
        yield _rule(
            project,
            name,
            "attempt-failed",
            job.notify.attempt_failed,
            _attempt_failed(project, name),
            *_told_of_attempt(project, name),
        )
    if job.notify.run_failed:
        yield _rule(project, name, "run-failed", job.notify.run_failed, _run_failed(name), *_told_of_run(project, name))
    if needs_failure_check(job):
        yield _rule(
            project, name, "run-failed", job.notify.caught, _run_failed(name), *_told_of_run(project, name),
            title="untold", asks=_asks(project, name),
        )  # fmt: skip


def _told_of_run(project: Project, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What an alert about a run reads in the event, and the lines that say it."""
    paths = {"run": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
    return paths, (
        f"{project.prefix}: a run of the job {name} ended <status>.", "", "Run:       <run>", "Time:      <time>",
        *_limits(project.jobs[name]),
        f"Look at:   {names.placeholder(names.CONSOLE)}<run>",
        f"Run again: lamplighter run {project.name(name)}{names.placeholder(names.OPTIONS)}",
    )  # fmt: skip


def _asks(project: Project, name: str) -> events.Target:
    """The target that finds out whether a run that failed has told of it itself, and tells if it has not."""
    job = project.jobs[name]
    known = {
        "subject": f"{project.prefix}: {name} failed"[:LONGEST_SUBJECT],
        "text": f"{project.prefix}: a run of the job {name} ended",
        "name": project.name(name),
    }
    paths = {"run": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
    places = {each: f"<{each}>" for each in paths}
    topics = {"topics": [arns.topic_arn(project, channel) for channel in job.notify.caught]}
    return events.Target(
        Id="failures",
        Arn=Ref(job_machine.FAILURES),
        RoleArn=GetAtt("EventsRole", "Arn"),
        InputTransformer=events.InputTransformer(
            InputPathsMap=paths, InputTemplate=join_document(topics, known, places)
        ),
        DeadLetterConfig=_dead_letters(),
    )


LOST = {
    job_machine.WATCH: "a run that is late may not have been told",
    job_machine.START: "a run may not have been started at its time",
    job_machine.SLOTS: "a run that did not start may not have been told",
    job_machine.FAILURES: "a run that failed may not have been told",
}
"""What is lost where a machine fails that only serves jobs."""


def supporting_rules(project: Project, machine: str) -> Iterator[events.Rule]:
    """The rules that tell where such a machine fails; one for every five channels."""
    told = alert_channels(project, machine)
    name = f"{project.prefix}{job_machine.machine_suffix(machine)}"
    lines = (f"{name} ended <status>: {LOST[machine]}.", "", "Run:       <run>", "Time:      <time>",
             f"Look at:   {names.placeholder(names.CONSOLE)}<run>")  # fmt: skip
    paths = {"run": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
    for at, first in enumerate(range(0, len(told), MOST_TARGETS)):
        yield events.Rule(
            f"{machine}Failed{at + 1 if at else ''}",
            Name=f"{name}-failed{at + 1 if at else ''}",
            Description=f"Tells where {name} fails",
            EventPattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [arns.arn("states", f"stateMachine:{name}")],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            },
            Targets=_topics(
                project,
                told[first : first + MOST_TARGETS],
                paths,
                lines,
                "aws" if machine in ONLY_ON_AWS else "anywhere",
            ),
            **({"Condition": console_links.ON_AWS} if machine in ONLY_ON_AWS else {}),
        )


def channels_of_rules(project: Project) -> list[str]:
    """The channels that any rule tells."""
    jobs = project.jobs.values()
    found = [
        *(each for job in jobs for each in (*job.notify.attempt_failed, *job.notify.run_failed)),
        *(each for machine in supported_jobs(project) for each in alert_channels(project, machine)),
    ]
    return list(dict.fromkeys(found))


def _limits(job: Job) -> Iterator[str]:
    """How long a run may take, which explains one that TIMED_OUT, and an attempt."""
    given = [("the run", job.deadline), ("an attempt", job.timeout)]
    said = [f"{what} may take {format_duration(limit)}" for what, limit in given if limit is not None]
    if said:
        yield f"Limits:    {', '.join(said)}"


def _told_of_attempt(project: Project, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What an alert reads in the event, and the lines that say it.

    ECS promises no order of several containers: nothing is read of any one of them then, and so not the run either.
    """
    paths = {"reason": "$.detail.stoppedReason", "stop": "$.detail.stopCode", "task": "$.detail.taskArn"}
    if not project.jobs[name].sidecars:
        paths |= {"code": "$.detail.containers[0].exitCode", "attempt": _own(ATTEMPT_AT), "run": _own(RUN_ARN_AT)}
    paths["time"] = "$.time"
    lines = (
        f"{project.prefix}: an attempt of the job {name} failed.", "", "Reason:    <reason>", "Stop code: <stop>",
        "Exit code: <code>", "Attempt:   <attempt>", "Task:      <task>", "Run:       <run>", "Time:      <time>",
        f"Look at:   {names.placeholder(names.CONSOLE)}<run>",
        f"Run again: lamplighter run {project.name(name)}{names.placeholder(names.OPTIONS)}",
    )  # fmt: skip
    return paths, tuple(line for line in lines if all(each in paths for each in _READ.findall(line)))


def _own(at: int) -> str:
    """Where an event about a task has what the attempt was told of itself."""
    return f"$.detail.overrides.containerOverrides[0].environment[{at}].value"


def _attempt_failed(project: Project, name: str) -> Json:
    """A container that did not end with 0, or a task that never ran or was taken away: no exit code says so.

    Sidecars are killed when the job is done: a pattern cannot say whose exit code it means, so that beside them an
    attempt that was killed itself is not told. Nor can it tell one that took too long from one whose run was stopped:
    where there is a timeout both are told, for a hang that nobody hears of is worse. The engine of this box knows.
    """
    slow = [{"stopCode": ["UserInitiated"], "stoppedReason": [{"prefix": STOPPED}]}]
    well = [0, *KILLED] if project.jobs[name].sidecars else 0
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [arns.cluster_arn(project.jobs[name])],
            "group": [f"family:{project.name(name)}"],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"stopCode": ["EssentialContainerExited"], "containers": {"exitCode": [{"anything-but": well}]}},
                {"stopCode": GONE_WRONG},
                *(slow if project.jobs[name].timeout is not None else []),
            ],
        },
    }


def _run_failed(name: str) -> Json:
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [Ref(names.state_machine_id(name))], "status": ["FAILED", "TIMED_OUT"]},
    }


def _rule(
    project: Project,
    name: str,
    pattern: str,
    told: tuple[str, ...],
    matches: Json,
    paths: dict[str, str],
    lines: tuple[str, ...],
    *,
    title: str = "",
    asks: events.Target | None = None,
) -> events.Rule:
    """A rule about a job that tells topics; on AWS `asks` in their place."""
    topics = _topics(project, told, paths, lines, "anywhere" if asks is None else "here")
    return events.Rule(
        f"{names.logical_id(name)}{names.logical_id(title or pattern)}",
        Name=f"{project.name(name)}-{title or pattern}",
        Description=f"Tells of the job {name}: {pattern}",
        EventPattern=matches,
        Targets=topics if asks is None else If(console_links.ON_AWS, [asks], topics),
        Metadata={"Lamplighter": {"Job": name, "Pattern": pattern, **_local(project, name)}},
    )


def _topics(
    project: Project,
    told: Sequence[str],
    paths: dict[str, str],
    lines: tuple[str, ...],
    where: console_links.Where = "anywhere",
) -> list[events.Target]:
    """Topics as targets.

    Without a RoleArn: for targets that have policies of their own "event delivery may fail" where one is named
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).
    """
    text = _filled("\n".join(map(dumps, lines)), console_links.placeholder_values(where))
    written = events.InputTransformer(InputPathsMap=paths, InputTemplate=text)
    return [
        events.Target(
            Id=channel,
            Arn=arns.topic_arn(project, channel),
            InputTransformer=written,
            DeadLetterConfig=_dead_letters(),
        )
        for channel in told
    ]


def _dead_letters() -> events.DeadLetterConfig:
    return events.DeadLetterConfig(Arn=GetAtt(dead_letter_queues.ALERTS, "Arn"))


def _local(project: Project, name: str) -> Json:
    """What the engine of this box composes alerts with: how many attempts there are, how long each and the run may
    take, and whom the run tells itself.
    """
    job = project.jobs[name]
    limits = {each: project.jobs[each].timeout for each in roles.container_jobs(project, name)}
    known = {
        "Attempts": None if job.workflow is not None else job.retry.max_retries + 1,
        "Timeouts": {project.name(each): format_duration(limit) for each, limit in limits.items() if limit is not None},
        "Deadline": None if job.deadline is None else format_duration(job.deadline),
        "Caught": list(job.notify.caught),
        "Essential": [title for title, sidecar in job.sidecars.items() if sidecar.essential],
    }
    return {key: value for key, value in known.items() if value}


def _filled(text: str, slots: dict[str, Json]) -> Json:
    used = {name: value for name, value in slots.items() if names.placeholder(name) in text}
    return Sub(text, used) if used else text
