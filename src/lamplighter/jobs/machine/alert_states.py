"""Alerts that a run sends itself: pattern 3 (Catch, publish, fail with the original error), and that it is late.

Promises that an alert never changes how a run ends: one that cannot be sent is passed over, and so is a log that cannot
be read. Pattern 3 tells reason, exit code, how many attempts there were, the last lines of the log, where to look and
what to type; of a workflow it tells which job failed. The cause of an attempt that took too long does not name its
task, so that its log is not looked for: the template says how long it may take, and the engine of this box finds the
log. A run that is late is told of by a machine of its own, `WATCH`: it waits, asks, and tells only if the run still
goes on.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.attempt_states import FAILED, SAME_INPUT
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import PUBLISH, READ_LOG, START
from lamplighter.jobs.machine.overlap_states import RETRY_ALWAYS
from lamplighter.jobs.names import placeholder
from lamplighter.runs import job_machine

LONGEST_SUBJECT = 100
MOST_LINES = 20
FIRST, READING = "A log?", "Last lines"
"""The state with which telling begins, and that which reads the log."""


def topic_arn(project: Project, channel: str) -> str:
    """The ARN of a channel's topic, or the place of it in a definition."""
    return project.channels[channel].sns or placeholder(names.topic_id(channel))


def alert_states(project: Project, name: str, *, counted: bool) -> dict[str, Json]:
    """States that tell of the failure in the variable `failure` and then fail with it; the first is to be gone to."""
    job = project.jobs[name]
    told = job.notify.caught
    followers = [*(state_name(channel) for channel in told[1:]), "Failed"]
    text = expressions.failure_text(
        f"{project.prefix}: the job {name} failed.",
        project.name(name),
        what=expressions.ATTEMPTS if counted else expressions.failed_step(project.prefix),
        slow=timeout_text(job),
    )
    states = {
        state_name(channel): {
            "Type": "Task",
            "Resource": PUBLISH,
            "Arguments": {
                "TopicArn": topic_arn(project, channel),
                "Subject": f"{project.prefix}: {name} failed"[:LONGEST_SUBJECT],
                "Message": text,
            },
            "Retry": RETRY_ALWAYS,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": SAME_INPUT, "Next": follower}],
            "Output": SAME_INPUT,
            "Next": follower,
        }
        for channel, follower in zip(told, followers, strict=True)
    }
    reading = {FIRST: _is_there_a_log(state_name(told[0])), READING: _last_lines(project, state_name(told[0]))}
    return {**reading, **states, "Failed": FAILED}


def timeout_text(job: Job) -> str:
    """What is told of what took longer than its timeout."""
    if job.workflow is not None:
        return "a step took longer than its timeout"
    return "an attempt took longer than its timeout" + (
        "" if job.timeout is None else f" of {format_duration(job.timeout)}"
    )


def _is_there_a_log(follower: str) -> Json:
    """The state that passes reading over where no container can have logged anything."""
    return {
        "Type": "Choice",
        "Choices": [{"Condition": expressions.HAS_LOGGED, "Next": READING}],
        "Assign": {"lines": []},
        "Default": follower,
    }


def _last_lines(project: Project, follower: str) -> Json:
    """The state that reads the end of the log of what failed; whatever goes wrong, there are no lines then."""
    none = {"Assign": {"lines": []}, "Output": SAME_INPUT, "Next": follower}
    return {
        "Type": "Task",
        "Resource": READ_LOG,
        "Arguments": {
            "LogGroupName": expressions.log_group(project.prefix),
            "LogStreamName": expressions.log_stream(project.prefix),
            "Limit": MOST_LINES,
            "StartFromHead": False,
        },
        "TimeoutSeconds": 60,
        # States.ALL does not catch what is too large to be passed on.
        "Catch": [{"ErrorEquals": [each], **none} for each in ("States.DataLimitExceeded", "States.ALL")],
        "Assign": {"lines": expressions.LINES},
        "Output": SAME_INPUT,
        "Next": follower,
    }


def state_name(channel: str) -> str:
    """The name of the state that tells a channel."""
    return f"Tell {channel}"


def has_late_alert(job: Job) -> bool:
    """Whether somebody is told when a run of this job is late."""
    return job.late is not None and bool(job.notify.late)


def watch_state(project: Project, name: str, follower: str) -> Json:
    """The state that has a run watched."""
    job = project.jobs[name]
    assert job.late is not None
    return {
        "Type": "Task",
        "Resource": START,
        "Arguments": {
            "StateMachineArn": placeholder(job_machine.WATCH),
            "Input": {
                "seconds": job.late,
                "run": expression("$states.context.Execution.Id"),
                "link": expression(f"'{placeholder(names.CONSOLE)}' & $states.context.Execution.Id"),
                "subject": f"{project.prefix}: {name} is late"[:LONGEST_SUBJECT],
                "text": f"{project.prefix}: a run of the job {name} still goes on after {format_duration(job.late)}.",
                "topics": [topic_arn(project, channel) for channel in job.notify.late],
            },
        },
        "Retry": RETRY_ALWAYS,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": SAME_INPUT, "Next": follower}],
        "Output": SAME_INPUT,
        "Next": follower,
    }
