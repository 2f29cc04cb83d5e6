"""Tell a job's own states and machines from supporting ones, by their names.

The template of a project adds supporting machines, which start runs and send alerts, and helper states around the job's
own states. Guarantees that a state that runs a container never counts as a helper state.
"""

from collections.abc import Mapping, Sequence

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json, loads_or

PROJECT_TAG, JOB_TAG = "lamplighter:project", "lamplighter:job"
"""The tags of a job's machine with the project (and the environment, if there is one) and the name of the job."""
MAIN_CONTAINER = "main"
"""The container of the job itself, besides its sidecars."""
ENDED_WELL = "Ended well"
"""The state that a job with sidecars enters if its own container succeeded although a sidecar failed."""
SKIPPED_STATE, WORKFLOW_STATE = "Skipped", "Workflow"
"""The state that a run enters if it is skipped, and the state around the steps of a workflow."""
LAMPLIGHTER_KEY = "lamplighter"
"""The key of a run's input under which lamplighter passes its own settings."""
LATE_RUNS, START_RUN, SLOT_CHECK, FAILURE_CHECK, RECOVERY_CHECK = "Watch", "Start", "Slots", "Failures", "Recovered"
ATTEMPT_CHECK, ALERT_CHECK = "Attempts", "Alerts"
CHAT_FORMAT = "Chat"
"""The supporting machine that formats alerts for chat services on AWS; it is no job and starts nothing."""
SUPPORTING = (LATE_RUNS, START_RUN, SLOT_CHECK, FAILURE_CHECK, ATTEMPT_CHECK, RECOVERY_CHECK, ALERT_CHECK, CHAT_FORMAT)
"""The supporting machines of a project."""


def own_settings(document: Json) -> list[Json]:
    """Return lamplighter's own settings in a run's input: all that `Execution.Input.lamplighter` finds.

    JSONata reads a key of an object, and of each object in an array, however deep. See
    https://docs.jsonata.org/path-operators#-map.
    """
    found: list[Json] = []
    rest = [document]
    while rest:
        each = rest.pop()
        if isinstance(each, list):
            rest.extend(reversed(each))
        elif isinstance(each, dict) and LAMPLIGHTER_KEY in each:
            found.append(each[LAMPLIGHTER_KEY])
    return found


def scheduled_time(text: str | None) -> str | None:
    """Return the scheduled time in a run's input, as ISO 8601; None for a run without one."""
    given = loads_or(text or "{}", None)
    own = given.get(LAMPLIGHTER_KEY) if isinstance(given, dict) else None
    found = own.get("scheduled") if isinstance(own, dict) else None
    return found if isinstance(found, str) else None


def machine_suffix(machine: str) -> str:
    """Return the suffix of a supporting machine's name; no job's name can end with it."""
    return f"--{machine.lower()}"


SUPPORTING_SUFFIXES = tuple(map(machine_suffix, SUPPORTING))
"""The endings of the supporting machines' names."""
WATCH_STATE = "Watch"
"""The helper state that starts the alert for a late run."""
READ_LOG_STATE = "Last lines"
"""The helper state that reads the end of a failed task's log for an alert."""
SUPPORTING_STATES = frozenset({
    WATCH_STATE, "List runs", "More runs", "Alone?", "Queue up", "My turn?", "Not yet", "Stop", "Begin", "Judge",
    "Again?", "Count", "Pause", "A log?", READ_LOG_STATE, "Earlier skips", "Second skip?",
})  # fmt: skip
"""The helper states of a job's machine."""
ALERT_STATE_PREFIX = "Tell "
"""The beginning of the names of helper states that alert a channel."""
ATTEMPT_SUFFIX = ": Run"
"""The suffix in the name of a state that runs one attempt of a step. The name of the step precedes the suffix."""
RUN_TASK = "ecs:runTask"
RUN_VARIABLE, ATTEMPT_VARIABLE = "LAMPLIGHTER_RUN", "LAMPLIGHTER_ATTEMPT"
"""The environment variables that every container of a job receives: the name of its run, and the attempt's number."""
RUN_ARN_VARIABLE, SCHEDULED_VARIABLE = "LAMPLIGHTER_RUN_ARN", "LAMPLIGHTER_SCHEDULED"
"""The environment variables with the ARN of the run, and with the slot for which it was started, if any."""


def is_made_from_job_file(definition: Json) -> bool:
    """Return whether a machine was made from a job file; only then have the names of states a special meaning."""
    return RUN_VARIABLE in str(definition)


def is_supporting_machine(machine: str) -> bool:
    """Return whether a state machine is a supporting machine, judged by its name."""
    return machine.endswith(SUPPORTING_SUFFIXES)


def own_comment(comment: str, tags: Mapping[str, str]) -> str:
    """Return the comment that a person wrote; a job without a description has one that repeats its name."""
    generated = f"The job {tags.get(JOB_TAG)} of {tags.get(PROJECT_TAG)}"
    return "" if comment == generated else comment


def is_workflow(definition: Json) -> bool:
    """Return whether a job with several steps made a definition: its steps are inside a state named after the job."""
    return any(name.endswith(f": {WORKFLOW_STATE}") for name in definition["States"])


def container_states(definition: Json) -> Sequence[Json]:
    """Return the states that run containers."""
    return [state for _, state in walk_states(definition) if RUN_TASK in str(state.get("Resource"))]


def is_supporting_state(state: str, resource: Json) -> bool:
    """Return whether a state is a helper state; in a workflow its name follows the name of its step."""
    name = state_in_job(state)
    return RUN_TASK not in str(resource) and (name in SUPPORTING_STATES or name.startswith(ALERT_STATE_PREFIX))


def alert_state_name(channel: str) -> str:
    """Return the name of the helper state that alerts a channel."""
    return f"{ALERT_STATE_PREFIX}{channel}"


def step_of_state(state: str) -> str:
    """Return the step of a workflow that a state works for; empty for the state of a job without steps."""
    return "" if f": {state}" == ATTEMPT_SUFFIX else state.removesuffix(ATTEMPT_SUFFIX)


def state_in_job(state: str) -> str:
    """Return a state's name without the name of its workflow step."""
    return state.rpartition(": ")[2]
