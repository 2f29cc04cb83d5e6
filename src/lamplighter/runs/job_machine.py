"""The names in a job's state machine by which its runs are read: what belongs to the job, and what only supports it.

The template of a project makes two kinds of things beside a job's own work: supporting machines, which start runs and
send alerts, and supporting states around the job's own. Promises to recognize both by their names and by what they do:
a state that runs a container is never one of them.
"""

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json

MAIN_CONTAINER = "main"
"""The container of a job itself, beside its sidecars."""
ENDED_WELL = "Ended well"
"""The state of a job with sidecars whose own container ended well although a sidecar failed."""
LAMPLIGHTER_KEY = "lamplighter"
"""The key of a run's input under which lamplighter passes its own settings."""
WATCH, START, SLOTS, FAILURES = "Watch", "Start", "Slots", "Failures"
SUPPORTING = (WATCH, START, SLOTS, FAILURES)
"""The supporting machines of a project."""


def machine_suffix(machine: str) -> str:
    """Return the suffix of a supporting machine's name; no job can have a name that ends so."""
    return f"--{machine.lower()}"


SUPPORTING_SUFFIXES = tuple(map(machine_suffix, SUPPORTING))
"""What the names of these machines end with."""
SUPPORTING_STATES = frozenset({
    "Watch", "List runs", "More runs", "Alone?", "Queue up", "My turn?", "Not yet", "Stop", "Begin", "Judge", "Again?",
    "Count", "Pause", "A log?", "Last lines",
})  # fmt: skip
"""States of a job's machine that only serve it."""
ALERT_STATE_PREFIX = "Tell "
"""What the names of the states begin with that tell a channel."""
RUN_TASK = "ecs:runTask"


RUN_VARIABLE = "LAMPLIGHTER_RUN"
"""The variable that every container of a job is given."""


def is_made_from_job_file(definition: Json) -> bool:
    """Whether a job file made a machine: the names of states mean nothing in others."""
    return RUN_VARIABLE in str(definition)


def is_supporting_machine(machine: str) -> bool:
    """Whether a state machine is not a job, by its name."""
    return machine.endswith(SUPPORTING_SUFFIXES)


def count_container_states(definition: Json) -> int:
    """How many states of a machine run containers."""
    return sum(RUN_TASK in str(state.get("Resource")) for _, state in walk_states(definition))


def is_supporting_state(state: str, resource: Json) -> bool:
    """Whether a state only serves a job; those of a workflow's job have its name before theirs."""
    own = state_in_job(state)
    return RUN_TASK not in str(resource) and (own in SUPPORTING_STATES or own.startswith(ALERT_STATE_PREFIX))


def state_in_job(state: str) -> str:
    """A state's name without that of the step of a workflow which it belongs to."""
    return state.rpartition(": ")[2]
