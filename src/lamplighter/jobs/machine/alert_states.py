"""Build the states that send a run's own alerts: pattern 3 (Catch, publish, fail with the original error), and "late".

Guarantees that an alert never changes how a run ends: an alert that cannot be sent is skipped, and so is a log that
cannot be read. `alert_expressions.py` has the text of an alert of pattern 3: what happened, the exit code, the attempt,
local times, the last lines of the log, a link, and the command that runs the job again.

The cause of an attempt that took too long does not name its task, so the states do not read its log. The template
states the job's timeout instead, and this engine's own alerts find the log.

A separate machine, `LATE_RUNS`, sends the alert for a late run. It waits, reads the run's status, and sends the alert
only if the run is still running.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.machine import expressions
from lamplighter.jobs.machine.alert_expressions import SCHEDULED, STARTED, failure_subject, failure_text, own_facts
from lamplighter.jobs.machine.attempt_states import FAIL_STATE, SAME_INPUT, catch_each
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import PUBLISH, READ_LOG, START_EXECUTION
from lamplighter.jobs.machine.local_times import zone_document
from lamplighter.jobs.machine.overlap_states import RETRY_ALWAYS
from lamplighter.jobs.names import placeholder
from lamplighter.runs.failures.failure_words import exceeded_limit
from lamplighter.runs.jobs import job_machine
from lamplighter.runs.jobs.job_machine import READ_LOG_STATE, alert_state_name
from lamplighter.runs.printable_text import to_subject
from lamplighter.runs.tasks.log_stream import QUOTED_LINES

STILL_RUNNING = "still running"
"""The words for a late run whose container runs; `LATE_RUNS` replaces them if it has not started."""
FIRST_STATE = "A log?"
"""The first alert state."""


def topic_arn(project: Project, channel: str) -> str:
    """Return the ARN of a channel's topic, or its placeholder in a definition."""
    return project.channels[channel].sns or placeholder(names.topic_id(channel))


def alert_states(project: Project, name: str) -> dict[str, Json]:
    """Return states that alert about the failure in the variable `failure_event` and fail with it; `FIRST_STATE` comes
    first.
    """
    job = project.jobs[name]
    channels = job.notify.caught
    followers = [*(alert_state_name(channel) for channel in channels[1:]), "Failed"]
    facts = own_facts(name, project.prefix, timeout_text(job), most=max_attempts(job), zone=job.timezone)
    subject, text = expression(failure_subject(facts)), expression(failure_text(facts))
    states = {
        alert_state_name(channel): {
            **publish_state(topic_arn(project, channel), subject, text),
            **_continue_always(follower),
        }
        for channel, follower in zip(channels, followers, strict=True)
    }
    log_states = {
        FIRST_STATE: has_log_state(alert_state_name(channels[0])),
        READ_LOG_STATE: read_log_state(project.prefix, alert_state_name(channels[0])),
    }
    return {**log_states, **states, "Failed": FAIL_STATE}


def publish_state(topic: str, subject: str, text: str) -> Json:
    """Return the state that publishes a message, apart from what follows it."""
    return {
        "Type": "Task",
        "Resource": PUBLISH,
        "Arguments": {"TopicArn": topic, "Subject": subject, "Message": text},
        "Retry": RETRY_ALWAYS,
    }


def _continue_always(follower: str) -> Json:
    """Return the fields of a state that passes on its input, even if it fails."""
    following = {"Output": SAME_INPUT, "Next": follower}
    return {"Catch": [{"ErrorEquals": ["States.ALL"], **following}], **following}


def max_attempts(job: Job) -> int:
    """Return the most attempts of a job's container; 0 for a workflow."""
    return 0 if job.workflow is not None else job.retry.max_retries + 1


def deadline_text(job: Job) -> str:
    """Return how an alert describes a run that exceeded its deadline."""
    return f"the run {exceeded_limit('deadline', None if job.deadline is None else format_duration(job.deadline))}"


def timeout_text(job: Job) -> str:
    """Return how an alert describes a timeout."""
    if job.workflow is not None:
        return f"a step {exceeded_limit('timeout', None)}"
    return exceeded_limit("timeout", None if job.timeout is None else format_duration(job.timeout))


def has_log_state(follower: str) -> Json:
    """Return the state that skips reading the log if no container can have logged."""
    return {
        "Type": "Choice",
        "Choices": [{"Condition": expressions.HAS_LOGGED, "Next": READ_LOG_STATE}],
        "Assign": {"lines": []},
        "Default": follower,
    }


def read_log_state(prefix: str, follower: str) -> Json:
    """Return the state that reads the end of the failed task's log; any error means no lines."""
    return {
        "Type": "Task",
        "Resource": READ_LOG,
        "Arguments": {
            "LogGroupName": expressions.log_group(prefix),
            "LogStreamName": expressions.log_stream(prefix),
            "Limit": QUOTED_LINES,
            "StartFromHead": False,
        },
        "TimeoutSeconds": 60,
        # Many runs that fail at once are throttled: some regions answer ten such calls a second.
        "Retry": [{"ErrorEquals": ["CloudWatchLogs.ResourceNotFoundException"], "MaxAttempts": 0}, *RETRY_ALWAYS],
        "Catch": catch_each(Assign={"lines": []}, Output=SAME_INPUT, Next=follower),
        "Assign": {"lines": expressions.LOG_LINES},
        "Output": SAME_INPUT,
        "Next": follower,
    }


def has_late_alert(job: Job) -> bool:
    """Return whether some channel is alerted when a run of this job is late."""
    return job.late is not None and bool(job.notify.late)


def start_watch_state(project: Project, name: str, follower: str) -> Json:
    """Return the state that starts `LATE_RUNS` for this run."""
    job = project.jobs[name]
    assert job.late is not None
    late = f"{name} is late: {STILL_RUNNING} after {format_duration(job.late)}"
    return {
        "Type": "Task",
        "Resource": START_EXECUTION,
        "Arguments": {
            "StateMachineArn": placeholder(job_machine.LATE_RUNS),
            "Input": {
                "seconds": job.late,
                "run": expression("$states.context.Execution.Id"),
                "name": project.name(name),
                "scheduled": expression(SCHEDULED),
                "began": expression(STARTED),
                "zone": zone_document(job.timezone),
                "project": project.prefix,
                "link": expression(f"'{placeholder(names.CONSOLE)}' & $states.context.Execution.Id"),
                "subject": to_subject(late),
                "text": late,
                "topics": [topic_arn(project, channel) for channel in job.notify.late],
            },
        },
        "Retry": RETRY_ALWAYS,
        **_continue_always(follower),
    }
