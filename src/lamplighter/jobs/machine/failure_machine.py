"""Define the supporting machine FAILURE_CHECK: it receives the failed runs of all jobs on AWS, and alerts about each.
It also receives the alarm for runs that did not start.

Two events lead to it. Step Functions' event of a run that ended is "best effort": "in some rare cases an event might
not be delivered". CloudWatch "guarantees the delivery of alarm state change events", so each job has an alarm on its
failed runs, too; its event makes the machine list the runs that failed since the alarm's state changed before. See
https://docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html.

Guarantees one alert for each failure, although both events lead to it and EventBridge may repeat them: the machine
starts itself under a name made of the run and the time of its end, and Step Functions accepts a name once. A run that
sends its own alerts (`notify: {caught: …}`) is alerted about only if it did not: it cannot catch its deadline,
States.Runtime, or an error of a state without a Catch.

`lamplighter alert CHANNEL --aws` tests this way of an alert: it starts this machine with `{"test": CHANNEL}`, under a
name that begins with TEST_RUN. That execution does nothing and succeeds, for a failed one would ring the alarm about
this machine. Its end is an event that the rule of the failed runs takes for a failure, of a job whose alert goes to the
tested channel only.
"""

import hashlib
from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.alert_expressions import (
    DEFINE_SUBJECT,
    TASK_ATTEMPT,
    AlertFacts,
    failure_subject,
    failure_text,
    slot_time,
    time_lines,
)
from lamplighter.jobs.machine.alert_states import (
    FIRST_STATE,
    deadline_text,
    has_log_state,
    max_attempts,
    read_log_state,
    timeout_text,
    topic_arn,
)
from lamplighter.jobs.machine.attempt_states import DATA_LIMIT, SAME_INPUT, catch_each
from lamplighter.jobs.machine.expressions import FAILED_TASK_VARIABLE, expression
from lamplighter.jobs.machine.integrations import DESCRIBE_EXECUTION, LIST_EXECUTIONS, READ_HISTORY
from lamplighter.jobs.machine.job_table import find_job_states
from lamplighter.jobs.machine.local_times import define_local_time, zone_document
from lamplighter.jobs.machine.overlap_states import read_state
from lamplighter.jobs.machine.supported_jobs import alert_channels, failure_channels, needs_failure_check
from lamplighter.jobs.machine.supporting_machines import (
    LAST_EVENTS_OF_RUN,
    choose,
    machine_definition,
    publish_to_topics,
    start_itself_states,
)
from lamplighter.jobs.names import OPTIONS, placeholder
from lamplighter.runs.failures.failure_words import TASK_FAILED, TIMEOUT
from lamplighter.runs.jobs.job_machine import FAILURE_CHECK, READ_LOG_STATE, machine_suffix
from lamplighter.runs.local_times import UTC_NAME

NO_START = " did not start: no run began for longer than its schedule explains"
"""How an alert describes a job whose runs do not start; its name is before this."""
MAX_LISTED_RUNS = 100
TEST_RUN, TESTED_CHANNEL = "test-", "test"
"""How the name of a test's execution begins, and the key of its input that names the channel."""
OVERLAP_SECONDS = 900
"""Seconds before the change of an alarm's state that are searched again: an alarm lags behind the runs."""
_IS_ALERT_STATE = f"$contains($string(StateEnteredEventDetails.Name), /(^|: ){FIRST_STATE[:-1]}\\?$/)"
_HAS_ALERTED = f"""(
  $first := $max($states.result.Events[{_IS_ALERT_STATE}].Id);
  $exists($first) and
    $count($states.result.Events[TaskSucceededEventDetails.ResourceType = 'sns' and Id > $first]) > 0
)"""
"""Whether a run published a message after its first alert state."""
_SINCE = f"""(
  $before := $states.input.before;
  $changed := $toMillis($replace($before.timestamp, '+0000', 'Z'));
  $changed - ($before.value = 'INSUFFICIENT_DATA' ? 0 : {OVERLAP_SECONDS}000)
)"""
"""The time from which on an alarm may have seen failed runs. A new alarm has seen none before it existed."""
_RECENT = "$states.result.Executions[$toMillis(StopDate) >= $since].{'run': ExecutionArn, 'ended': $toMillis(StopDate)}"
_CLAIM = """(
  $second := $string($floor($states.input.ended / 1000));
  'failed-' & $substring($hash($states.input.run & $second, 'SHA-256'), 0, 40)
)"""
"""The name of the execution that alerts about a failure, as `claim_name` returns it."""
_FAILURE = f"""(
  $run := $states.result;
  {{
    'Error': $run.Status = 'TIMED_OUT' ? '{TIMEOUT}' : [$run.Error, '{TASK_FAILED}'][0],
    'Cause': [$run.Cause, $states.input.cause, ''][0]
  }}
)"""
_WITHOUT_CAUSE = "$merge([$states.input, {'cause': 'its input is too large to read the cause here'}])"
"""The machine's input for a run that cannot be described as a whole: a state takes 256 KiB, and so does a run's input,
which needs more in a description, because that quotes it."""
_ATTEMPT = f"""(
  $failure := {_FAILURE};
  {FAILED_TASK_VARIABLE}
  $tried := {TASK_ATTEMPT};
  $exists($tried) ? $number($tried) : 0
)"""
_NO_START = f"$states.input.job & '{NO_START}'"
_NO_START_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  {_NO_START} & '\\n\\n' &
  'Time:      ' & $local($toMillis($states.input.time)) & '\\n' &
  'Project:   ' & $states.input.project & '\\n' &
  'Run now:   lamplighter run ' & $states.input.name & '{placeholder(OPTIONS)}\\n'
)"""
_CHANNEL = f"[$exists($states.input.channels) ? $parse($states.result.Input).{TESTED_CHANNEL}, ''][0]"
"""The channel that is tested; empty for a failed run."""
_TOPICS = "[$channel = '' ? $states.input.topics : $lookup($states.input.channels, $channel)]"
_SCHEDULED = slot_time("$exists($states.result.Input) ? $parse($states.result.Input) : {}")
_FACTS = AlertFacts(
    headline="""($channel != '' ? 'test of the channel ' & $channel & ': '
    : $states.input.job & ($status = 'TIMED_OUT' ? ' timed out: ' : ' failed: '))""",
    again="($channel != '' ? 'alert ' & $channel : 'run ' & $states.input.name)",
    project="$states.input.project",
    run="$states.input.run",
    timeout="($status = 'TIMED_OUT' ? $states.input.deadline : $states.input.timeout)",
    most="$states.input.most",
    zone="$states.input.zone",
    scheduled="$scheduled",
    times=time_lines("$began", "$ended"),
)


def failure_definition(project: Project, jobs: Sequence[str]) -> Json:
    """Return the definition of FAILURE_CHECK; `jobs` are those whose failures it receives.

    Its input has `run` and `ended` (milliseconds), or `alarm` and `before`, the previous state of the alarm; if runs
    did not start, it has `alarm` and `time`.
    """
    # In the table of jobs, this machine is the job that a test is about.
    tested = {machine_suffix(FAILURE_CHECK)[1:]: _test_facts(project, jobs)}
    facts = {name: _facts(project, name) for name in jobs} | tested
    states = find_job_states(project.prefix, facts, "What happened?")
    return machine_definition(
        "Tells of each failed run once.", {**states, **_find_failures(), **_claim_failures(), **_tell(project.prefix)}
    )


def claim_name(run: str, ended: int) -> str:
    """Return the name of the execution that alerts about a failure; `ended` is in seconds since the epoch."""
    return f"failed-{hashlib.sha256(f'{run}{ended}'.encode()).hexdigest()[:40]}"


def _facts(project: Project, name: str) -> Mapping[str, Json]:
    job = project.jobs[name]
    return {
        "topics": [topic_arn(project, channel) for channel in failure_channels(job)],
        "unstarted": [topic_arn(project, channel) for channel in job.notify.did_not_start],
        "caught": needs_failure_check(job),
        "most": max_attempts(job),
        "timeout": timeout_text(job),
        "deadline": deadline_text(job),
        "zone": zone_document(job.timezone),
    }


def _test_facts(project: Project, jobs: Sequence[str]) -> Mapping[str, Json]:
    """Return the facts of the job that a test of a channel is about, which is this machine."""
    channels = {name: topic_arn(project, name) for name in alert_channels(project, FAILURE_CHECK, jobs)}
    plain = {"caught": False, "most": 0, "timeout": "", "deadline": "", "zone": zone_document(UTC_NAME)}
    return {**plain, "channels": channels, "cause": "nothing failed, and alerts about failed runs arrive here"}


def _find_failures() -> dict[str, Json]:
    """Return the states that find the failed runs that an event is about."""
    return {
        "What happened?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": expression("$exists($states.input.claimed)"), "Next": "Describe"},
                {"Condition": expression("$exists($states.input.time)"), "Next": "Tell of no start"},
                {
                    "Condition": expression("$exists($states.input.alarm)"),
                    "Assign": {"since": expression(_SINCE)},
                    "Next": "List failed runs",
                },
            ],
            "Assign": {"failures": [{each: expression(f"$states.input.{each}") for each in ("run", "ended")}]},
            "Default": "Claim",
        },
        "Tell of no start": publish_to_topics(
            _NO_START_TEXT,
            f"({DEFINE_SUBJECT} $subject({_NO_START}, ''))",
            "$states.input.unstarted",
            publish="Publish no start",
        ),
        "List failed runs": _list_runs("FAILED", f"[{_RECENT}]", "List timed out runs"),
        "List timed out runs": _list_runs("TIMED_OUT", f"[$append($failures, {_RECENT})]", "Claim"),
    }


def _list_runs(status: str, failures: str, follower: str) -> Json:
    listed = {
        "StateMachineArn": expression("$states.input.machine"),
        "StatusFilter": status,
        "MaxResults": MAX_LISTED_RUNS,
    }
    return read_state(LIST_EXECUTIONS, listed, {"failures": expression(failures)}, follower)


def _claim_failures() -> dict[str, Json]:
    """Return the state that starts this machine once for each of the failures."""
    item = {each: expression(f"$states.context.Map.Item.Value.{each}") for each in ("run", "ended")}
    return {
        "Claim": {
            "Type": "Map",
            "Items": expression("$failures"),
            "ItemSelector": {**item, "claimed": True},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Start",
                "States": start_itself_states(_CLAIM, "Claimed before"),
            },
            "End": True,
        }
    }


def _tell(prefix: str) -> dict[str, Json]:
    """Return the states that alert about one failure."""
    described = {
        "failure": expression(_FAILURE),
        "attempt": expression(_ATTEMPT),
        "scheduled": expression(_SCHEDULED),
        "status": expression("$states.result.Status"),
        "began": expression("$toMillis($states.result.StartDate)"),
        "ended": expression("$toMillis($states.result.StopDate)"),
        "redrive": expression("[$states.result.RedriveDate, ''][0]"),
        "channel": expression(_CHANNEL),
        "told": False,
    }
    run, follower = {"ExecutionArn": expression("$states.input.run")}, "Alerts itself?"
    too_large = {"ErrorEquals": [DATA_LIMIT], "Output": expression(_WITHOUT_CAUSE), "Next": "Describe briefly"}
    briefly = {**run, "IncludedData": "METADATA_ONLY"}
    return {
        "Describe": read_state(DESCRIBE_EXECUTION, run, described, follower, Catch=[too_large]),
        "Describe briefly": read_state(DESCRIBE_EXECUTION, briefly, described, follower),
        "Alerts itself?": choose("$states.input.caught", "Look", FIRST_STATE),
        "Look": read_state(
            READ_HISTORY,
            LAST_EVENTS_OF_RUN,
            {"told": expression(_HAS_ALERTED)},
            "Told?",
            # If the history cannot be read, send the alert: twice is better than never.
            Catch=catch_each(Output=SAME_INPUT, Next="Told?"),
        ),
        "Told?": choose("$told", "Told", FIRST_STATE),
        "Told": {"Type": "Succeed"},
        FIRST_STATE: has_log_state("Tell"),
        READ_LOG_STATE: read_log_state(prefix, "Tell"),
        "Tell": publish_to_topics(failure_text(_FACTS), failure_subject(_FACTS), _TOPICS),
    }
