"""Define the state machines that support jobs: they start runs, check slots, and send the alerts that runs cannot send.

Each machine reads all values from its input, so that one of each is enough for a project.

START_RUN starts the run of a slot. EventBridge Scheduler "provides at-least-once event delivery to targets", so that a
slot may arrive twice (https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html). Scheduler cannot
name an execution after the slot: `<aws.scheduler.scheduled-time>` has colons, which names of executions may not have,
and `<aws.scheduler.execution-id>` is "the unique ID that EventBridge Scheduler assigns for each attempted invocation"
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html). So START_RUN names
the execution. "If StartExecution is called with the same name and input as a running execution, the call will succeed
and return the same response as the original request. If the execution is closed or if the input is different, it will
return a 400 ExecutionAlreadyExists error. Names can be reused after 90 days": a second delivery starts nothing, and a
failed start leaves no name behind, so that START_RUN can retry it. See
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.

SLOT_CHECK waits after a slot and then checks whether any run has begun since. It serves jobs with intervals of more
than a week, because a CloudWatch alarm looks back a week at most.

`failure_machine.py`, `recovery_machine.py` and `attempt_machine.py` have the machines that rules start.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.alert_expressions import DEFINE_SUBJECT
from lamplighter.jobs.machine.alert_states import STILL_RUNNING, publish_state
from lamplighter.jobs.machine.attempt_states import SAME_INPUT, catch_each
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import (
    DESCRIBE_EXECUTION,
    DESCRIBE_TASKS,
    LIST_EXECUTIONS,
    READ_HISTORY,
    START_EXECUTION,
)
from lamplighter.jobs.machine.local_times import define_local_time
from lamplighter.jobs.machine.overlap_states import read_state

ALREADY_STARTED_ERRORS = ["StepFunctions.ExecutionAlreadyExistsException", "StepFunctions.ExecutionAlreadyExists"]
RETRY_START = [
    {"ErrorEquals": ALREADY_STARTED_ERRORS, "MaxAttempts": 0},
    {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "MaxAttempts": 12,
        "MaxDelaySeconds": 300,
        "JitterStrategy": "FULL",
    },
]
"""How a machine repeats the start of an execution that has a name."""
LAST_EVENTS_OF_RUN: Json = {
    "ExecutionArn": expression("$states.input.run"),
    "ReverseOrder": True,
    "MaxResults": 300,
    "IncludeExecutionData": False,
}
"""The arguments that read the end of a run's history: enough for alerts to five channels with seven attempts each."""


def machine_definition(comment: str, states: dict[str, Json]) -> Json:
    """Return the definition of a machine that begins with the first of its states."""
    return {"Comment": comment, "QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def publish_to_topics(
    text: str,
    subject: str = "$states.input.subject",
    topics: str = "$states.input.topics",
    publish: str = "Publish",
) -> Json:
    """Return the state that publishes `text` to each of the topics; `publish` names the state that does it for one."""
    return {
        "Type": "Map",
        "Items": expression(topics),
        "ItemSelector": {
            "topic": expression("$states.context.Map.Item.Value"),
            "subject": expression(subject),
            "text": expression(text),
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": publish,
            "States": {
                publish: {
                    **publish_state(*(expression(f"$states.input.{each}") for each in ("topic", "subject", "text"))),
                    "End": True,
                }
            },
        },
        "End": True,
    }


def choose(condition: str, follower: str, otherwise: str) -> Json:
    """Return the state that goes on with `follower` if a condition holds, and else with the state `otherwise`."""
    choices = [{"Condition": expression(condition), "Next": follower}]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def start_itself_states(name: str, follower: str) -> dict[str, Json]:
    """Return the states that start this machine with the same input under a name, or end with `follower` if it has
    been started before.
    """
    start = {
        "Type": "Task",
        "Resource": START_EXECUTION,
        "Arguments": {
            "StateMachineArn": expression("$states.context.StateMachine.Id"),
            "Name": expression(name),
            "Input": expression("$states.input"),
        },
        "Retry": RETRY_START,
        "Catch": [{"ErrorEquals": ALREADY_STARTED_ERRORS, "Output": SAME_INPUT, "Next": follower}],
        "End": True,
    }
    return {"Start": start, follower: {"Type": "Succeed"}}


START_DEFINITION = machine_definition(
    "Starts the run of a slot, once, however often the slot is delivered.",
    {
        "Start": {
            "Type": "Task",
            "Resource": START_EXECUTION,
            "Arguments": {
                "StateMachineArn": expression("$states.input.machine"),
                "Name": expression("$replace($states.input.scheduled, ':', '-') & $states.input.suffix"),
                "Input": expression("$states.input.input"),
            },
            "Retry": RETRY_START,
            "Catch": [{"ErrorEquals": ALREADY_STARTED_ERRORS, "Output": SAME_INPUT, "Next": "Started before"}],
            "End": True,
        },
        "Started before": {"Type": "Succeed"},
    },
)
"""The definition of START_RUN. Its input has machine, scheduled, suffix, input."""
_PROJECT_LINE = "'Project:   ' & $states.input.project & '\\n'"
NOT_STARTED_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  $states.input.text & '\\n\\n' &
  'Scheduled: ' & $local($toMillis($states.input.scheduled)) & '\\n' &
  {_PROJECT_LINE} &
  'Run now:   lamplighter run ' & $states.input.name & '{names.placeholder(names.OPTIONS)}\\n'
)"""
LAST_START = "$exists($states.result.Executions[0]) ? $toMillis($states.result.Executions[0].StartDate) : 0"
"""When the last run began: "Results are sorted by time, with the most recent execution first"."""
SLOT_CHECK_DEFINITION = machine_definition(
    "Waits, and tells of a slot for which no run began.",
    {
        "Wait": {"Type": "Wait", "Seconds": expression("$states.input.seconds"), "Next": "Look"},
        "Look": read_state(
            LIST_EXECUTIONS,
            {"StateMachineArn": expression("$states.input.machine"), "MaxResults": 1},
            {"began": expression(LAST_START)},
            "Started?",
        ),
        "Started?": choose("$began < $toMillis($states.input.scheduled)", "Tell", "Started"),
        "Tell": publish_to_topics(NOT_STARTED_TEXT),
        "Started": {"Type": "Succeed"},
    },
)
"""The definition of SLOT_CHECK. Its input has machine, scheduled, seconds, topics, subject, text, name, zone and
project.
"""
LAST_EVENTS = 10
"""The number of events at the end of a history in which the task of a late run is found; each may have 256 KiB."""
LAST_TASK = """(
  $output := $states.result.Events[Type = 'TaskSubmitted'].TaskSubmittedEventDetails.Output[0];
  $exists($output) ? [$parse($output).Tasks.TaskArn, ''][0] : ''
)"""
"""The ARN of the newest task that a run has started; empty if the end of its history has none. The newest event is
first."""
WAIT_OF_TASK = """(
  $reason := [$states.result.Tasks[0].Containers[LastStatus = 'PENDING'].Reason][0];
  $exists($reason) ? $replace($replace($reason, /^The task /, ''), /\\.$/, '') : ''
)"""
"""Why a task has not started, in the words of `runs/history/waiting.py`; empty if it has."""
DEFINE_LATE = f"""$late := $waits = '' ? $states.input.text
    : $replace($states.input.text, '{STILL_RUNNING}', 'its container has not started') & ': ' & $waits;"""
"""JSONata that defines `$late`, the first line of the alert about a late run."""
LATE_SUBJECT = f"({DEFINE_LATE} {DEFINE_SUBJECT} $subject($late, ''))"
LATE_TEXT = f"""(
  {define_local_time("$states.input.zone")}
  {DEFINE_LATE}
  $late & '\\n\\n' &
  ($states.input.scheduled > 0 ? 'Scheduled: ' & $local($states.input.scheduled) & '\\n' : '') &
  'Started:   ' & $local($states.input.began) & '\\n' &
  {_PROJECT_LINE} &
  'Look at:   ' & $states.input.link & '\\n'
)"""
LATE_RUN_DEFINITION = machine_definition(
    "Waits, and tells of a run that still goes on, or has not started.",
    {
        "Wait": {"Type": "Wait", "Seconds": expression("$states.input.seconds"), "Next": "Ask"},
        "Ask": read_state(
            DESCRIBE_EXECUTION,
            {"ExecutionArn": expression("$states.input.run"), "IncludedData": "METADATA_ONLY"},
            {"status": expression("$states.result.Status"), "task": "", "waits": ""},
            "Late?",
        ),
        "Late?": choose("$status = 'RUNNING'", "Look", "In time"),
        "Look": read_state(
            READ_HISTORY,
            {"ExecutionArn": expression("$states.input.run"), "ReverseOrder": True, "MaxResults": LAST_EVENTS},
            {"task": expression(LAST_TASK)},
            "A task?",
            Catch=catch_each(Output=SAME_INPUT, Next="Tell"),
        ),
        "A task?": choose("$task != ''", "Does it wait?", "Tell"),
        "Does it wait?": read_state(
            DESCRIBE_TASKS,
            {"Cluster": expression("$split($task, '/')[1]"), "Tasks": [expression("$task")]},
            {"waits": expression(WAIT_OF_TASK)},
            "Tell",
            Catch=catch_each(Output=SAME_INPUT, Next="Tell"),
        ),
        "Tell": publish_to_topics(LATE_TEXT, LATE_SUBJECT),
        "In time": {"Type": "Succeed"},
    },
)
"""The definition of LATE_RUNS; a run that may be late starts it (`alert_states.py`)."""
