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

FAILURE_CHECK receives every failed run of a job that sends its own alerts (`notify: {caught: …}`), and sends the alert
if the run did not. A run cannot catch its deadline, States.Runtime, or an error of a state without a Catch.
"""

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.machine.alert_states import FIRST_STATE
from lamplighter.jobs.machine.attempt_states import SAME_INPUT
from lamplighter.jobs.machine.expressions import expression
from lamplighter.jobs.machine.integrations import (
    DESCRIBE_EXECUTION,
    LIST_EXECUTIONS,
    PUBLISH,
    READ_HISTORY,
    START_EXECUTION,
)
from lamplighter.jobs.machine.overlap_states import RETRY_ALWAYS

ALREADY_STARTED_ERRORS = ["StepFunctions.ExecutionAlreadyExistsException", "StepFunctions.ExecutionAlreadyExists"]
HISTORY_PAGE_SIZE = 300
"""The number of events to read at the end of a history: enough for alerts to five channels with seven attempts each."""


def publish_to_topics(text: str) -> Json:
    """Return the state that publishes `text` to each topic of the input."""
    return {
        "Type": "Map",
        "Items": expression("$states.input.topics"),
        "ItemSelector": {
            "topic": expression("$states.context.Map.Item.Value"),
            "subject": expression("$states.input.subject"),
            "text": expression(text),
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
                    "Retry": RETRY_ALWAYS,
                    "End": True,
                }
            },
        },
        "End": True,
    }


START_DEFINITION: Json = {
    "Comment": "Starts the run of a slot, once, however often the slot is delivered.",
    "QueryLanguage": "JSONata",
    "StartAt": "Start",
    "States": {
        "Start": {
            "Type": "Task",
            "Resource": START_EXECUTION,
            "Arguments": {
                "StateMachineArn": expression("$states.input.machine"),
                "Name": expression("$replace($states.input.scheduled, ':', '-') & $states.input.suffix"),
                "Input": expression("$states.input.input"),
            },
            "Retry": [
                {"ErrorEquals": ALREADY_STARTED_ERRORS, "MaxAttempts": 0},
                {
                    "ErrorEquals": ["States.ALL"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 12,
                    "MaxDelaySeconds": 300,
                    "JitterStrategy": "FULL",
                },
            ],
            "Catch": [{"ErrorEquals": ALREADY_STARTED_ERRORS, "Output": SAME_INPUT, "Next": "Started before"}],
            "End": True,
        },
        "Started before": {"Type": "Succeed"},
    },
}
"""The definition of START_RUN. Its input has machine, scheduled, suffix, input."""
NOT_STARTED_TEXT = f"""$states.input.text & '\\n\\n' &
  'Scheduled: ' & $states.input.scheduled & '\\n' &
  'Run now:   lamplighter run ' & $states.input.name & '{names.placeholder(names.OPTIONS)}\\n'"""
SLOT_CHECK_DEFINITION: Json = {
    "Comment": "Waits, and tells of a slot for which no run began.",
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": expression("$states.input.seconds"), "Next": "Look"},
        "Look": {
            "Type": "Task",
            "Resource": LIST_EXECUTIONS,
            # "Results are sorted by time, with the most recent execution first."
            "Arguments": {"StateMachineArn": expression("$states.input.machine"), "MaxResults": 1},
            "Retry": RETRY_ALWAYS,
            "Assign": {
                "began": expression(
                    "$exists($states.result.Executions[0]) ? $toMillis($states.result.Executions[0].StartDate) : 0"
                )
            },
            "Output": SAME_INPUT,
            "Next": "Started?",
        },
        "Started?": {
            "Type": "Choice",
            "Choices": [{"Condition": expression("$began < $toMillis($states.input.scheduled)"), "Next": "Tell"}],
            "Default": "Started",
        },
        "Tell": publish_to_topics(NOT_STARTED_TEXT),
        "Started": {"Type": "Succeed"},
    },
}
"""The definition of SLOT_CHECK. Its input has machine, scheduled, seconds, topics, subject, text, name."""
FAILURE_TEXT = f"""$states.input.text & ' ' & $states.input.status & '.\\n\\n' &
  'Run:       ' & $states.input.run & '\\n' &
  'Time:      ' & $states.input.time & '\\n' &
  'Look at:   {names.placeholder(names.CONSOLE)}' & $states.input.run & '\\n' &
  'Run again: lamplighter run ' & $states.input.name & '{names.placeholder(names.OPTIONS)}\\n'"""
IS_ALERT_STATE = f"$contains($string(StateEnteredEventDetails.Name), /(^|: ){FIRST_STATE[:-1]}\\?$/)"
HAS_ALERTED = f"""(
  $first := $max($states.result.Events[{IS_ALERT_STATE}].Id);
  $exists($first) and
    $count($states.result.Events[TaskSucceededEventDetails.ResourceType = 'sns' and Id > $first]) > 0
)"""
"""Whether a run published a message after its first alert state."""
FAILURE_CHECK_DEFINITION: Json = {
    "Comment": "Tells of a run that failed without telling of it itself.",
    "QueryLanguage": "JSONata",
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Task",
            "Resource": READ_HISTORY,
            "Arguments": {
                "ExecutionArn": expression("$states.input.run"),
                "ReverseOrder": True,
                "MaxResults": HISTORY_PAGE_SIZE,
                "IncludeExecutionData": False,
            },
            "Retry": RETRY_ALWAYS,
            "Assign": {"told": expression(HAS_ALERTED)},
            "Output": SAME_INPUT,
            # If the history cannot be read, send the alert: twice is better than never. States.ALL does not catch too
            # large an answer.
            "Catch": [
                {"ErrorEquals": [each], "Assign": {"told": False}, "Output": SAME_INPUT, "Next": "Told?"}
                for each in ("States.DataLimitExceeded", "States.ALL")
            ],
            "Next": "Told?",
        },
        "Told?": {
            "Type": "Choice",
            "Choices": [{"Condition": expression("$told"), "Next": "Told"}],
            "Default": "Tell",
        },
        "Tell": publish_to_topics(FAILURE_TEXT),
        "Told": {"Type": "Succeed"},
    },
}
"""The definition of FAILURE_CHECK. Its input has run, status, time, topics, subject, text, name."""
LATE_TEXT = """$states.input.text & '\\n\\n' &
  'Run:       ' & $states.input.run & '\\n' &
  'Look at:   ' & $states.input.link & '\\n'"""
LATE_RUN_DEFINITION: Json = {
    "Comment": "Waits, and tells of a run that still goes on.",
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": expression("$states.input.seconds"), "Next": "Ask"},
        "Ask": {
            "Type": "Task",
            "Resource": DESCRIBE_EXECUTION,
            "Arguments": {"ExecutionArn": expression("$states.input.run")},
            "Retry": RETRY_ALWAYS,
            "Assign": {"status": expression("$states.result.Status")},
            "Output": SAME_INPUT,
            "Next": "Late?",
        },
        "Late?": {
            "Type": "Choice",
            "Choices": [{"Condition": expression("$status = 'RUNNING'"), "Next": "Tell"}],
            "Default": "In time",
        },
        "Tell": publish_to_topics(LATE_TEXT),
        "In time": {"Type": "Succeed"},
    },
}
"""The definition of LATE_RUNS; a run that may be late starts it (`alert_states.py`)."""
