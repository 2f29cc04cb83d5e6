"""Alerts that a run sends itself: pattern 3 (Catch, publish, fail with the original error), and that it is late.

Promises that an alert never changes how a run ends: one that cannot be sent is passed over, and so is a log that cannot
be read. Pattern 3 tells reason, exit code, attempt, the last lines of the log, where to look and what to type; the
cause of an attempt that took too long does not name its task, so that its log is not found. A run that is late is told
of by a machine of its own, `WATCH`: it waits, asks, and tells only if the run still goes on.
"""

from lamplighter.base.jsontext import Json
from lamplighter.jobs import expressions, names
from lamplighter.jobs.attempts import FAILED, SAME_INPUT
from lamplighter.jobs.expressions import expression
from lamplighter.jobs.integrations import DESCRIBE, PUBLISH, READ_LOG, START
from lamplighter.jobs.model import Job, Project
from lamplighter.jobs.names import slot
from lamplighter.jobs.overlap import PATIENTLY
from lamplighter.jobs.values import shown

LONGEST_SUBJECT = 100
MOST_LINES = 20
FIRST = "Last lines"
"""The state with which telling begins."""


def topic(project: Project, channel: str) -> str:
    """The ARN of a channel's topic, or the place of it in a definition."""
    return project.channels[channel].sns or slot(names.topic(channel))


def telling(project: Project, name: str, *, counted: bool) -> dict[str, Json]:
    """States that tell of the failure in the variable `failure` and then fail with it; the first is to be gone to."""
    job = project.jobs[name]
    told = job.notify.caught
    followers = [*(title(channel) for channel in told[1:]), "Failed"]
    most = job.retry.total + 1 if counted else None
    text = expressions.failure_text(f"{project.prefix}: the job {name} failed.", project.name(name), most)
    states = {
        title(channel): {
            "Type": "Task",
            "Resource": PUBLISH,
            "Arguments": {
                "TopicArn": topic(project, channel),
                "Subject": f"{project.prefix}: {name} failed"[:LONGEST_SUBJECT],
                "Message": text,
            },
            "Retry": PATIENTLY,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": SAME_INPUT, "Next": follower}],
            "Output": SAME_INPUT,
            "Next": follower,
        }
        for channel, follower in zip(told, followers, strict=True)
    }
    return {FIRST: _last_lines(project, title(told[0])), **states, "Failed": FAILED}


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


def title(channel: str) -> str:
    """The name of the state that tells a channel."""
    return f"Tell {channel}"


def is_watched(job: Job) -> bool:
    """Whether somebody is told when a run of this job is late."""
    return job.late is not None and bool(job.notify.late)


def watch(project: Project, name: str, follower: str) -> Json:
    """The state that has a run watched."""
    job = project.jobs[name]
    assert job.late is not None
    return {
        "Type": "Task",
        "Resource": START,
        "Arguments": {
            "StateMachineArn": slot(names.WATCH),
            "Input": {
                "seconds": job.late,
                "run": expression("$states.context.Execution.Id"),
                "link": expression(f"'{slot(names.CONSOLE)}' & $states.context.Execution.Id"),
                "subject": f"{project.prefix}: {name} is late"[:LONGEST_SUBJECT],
                "text": f"{project.prefix}: a run of the job {name} still goes on after {shown(job.late)}.",
                "topics": [topic(project, channel) for channel in job.notify.late],
            },
        },
        "Retry": PATIENTLY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": SAME_INPUT, "Next": follower}],
        "Output": SAME_INPUT,
        "Next": follower,
    }


LATE = """$states.input.text & '\\n\\n' &
  'Run:       ' & $states.input.run & '\\n' &
  'Look at:   ' & $states.input.link & '\\n'"""
WATCHING: Json = {
    "Comment": "Waits, and tells of a run that still goes on.",
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": expression("$states.input.seconds"), "Next": "Ask"},
        "Ask": {
            "Type": "Task",
            "Resource": DESCRIBE,
            "Arguments": {"ExecutionArn": expression("$states.input.run")},
            "Retry": PATIENTLY,
            "Assign": {"status": expression("$states.result.Status")},
            "Output": SAME_INPUT,
            "Next": "Late?",
        },
        "Late?": {
            "Type": "Choice",
            "Choices": [{"Condition": expression("$status = 'RUNNING'"), "Next": "Tell"}],
            "Default": "In time",
        },
        "Tell": {
            "Type": "Map",
            "Items": expression("$states.input.topics"),
            "ItemSelector": {
                "topic": expression("$states.context.Map.Item.Value"),
                "subject": expression("$states.input.subject"),
                "text": expression(LATE),
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Publish",
                "States": {
                    "Publish": {
                        "Type": "Task",
                        "Resource": PUBLISH,
                        "Arguments": {
                            "TopicArn": expression("$states.input.topic"),
                            "Subject": expression("$states.input.subject"),
                            "Message": expression("$states.input.text"),
                        },
                        "Retry": PATIENTLY,
                        "End": True,
                    }
                },
            },
            "End": True,
        },
        "In time": {"Type": "Succeed"},
    },
}
"""The definition of the machine that watches."""
