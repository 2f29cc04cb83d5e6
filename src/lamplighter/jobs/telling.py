"""Alerts that a run sends itself: pattern 3 (Catch, publish, fail with the original error), and that it is late.

Promises that an alert never changes how a run ends: one that cannot be sent is passed over. A run that is late is told
of by a machine of its own, `WATCH`: it waits, asks, and tells only if the run still goes on.
"""

from lamplighter.base.jsontext import Json
from lamplighter.jobs import expressions, names
from lamplighter.jobs.attempts import FAILED, SAME_INPUT
from lamplighter.jobs.expressions import expression
from lamplighter.jobs.model import Job, Project
from lamplighter.jobs.names import slot
from lamplighter.jobs.overlap import PATIENTLY
from lamplighter.jobs.values import shown

PUBLISH = "arn:aws:states:::sns:publish"
START = "arn:aws:states:::states:startExecution"
DESCRIBE = "arn:aws:states:::aws-sdk:sfn:describeExecution"
LONGEST_SUBJECT = 100


def topic(project: Project, channel: str) -> str:
    """The ARN of a channel's topic, or the place of it in a definition."""
    return project.channels[channel].sns or slot(names.topic(channel))


def telling(project: Project, name: str, *, counted: bool) -> dict[str, Json]:
    """States that tell of the failure in the variable `failure` and then fail with it; the first is to be gone to."""
    job = project.jobs[name]
    told = job.notify.caught
    followers = [*(title(channel) for channel in told[1:]), "Failed"]
    most = job.retry.total + 1 if counted else None
    text = expressions.failure_text(f"{project.prefix}: the job {name} failed.", name, most)
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
    return {**states, "Failed": FAILED}


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
                "text": expression("$states.input.text & '\\n\\nRun: ' & $states.input.run & '\\n'"),
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
