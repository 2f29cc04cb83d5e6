"""What of a project only serves its jobs: machines that start runs and tell of them, and states around a job's own.

Promises to tell both by their names and by what they do, as `jobs/telling.py`, `jobs/overlap.py` and
`jobs/stack/machines.py` make them: a state that runs a container is never one of them.
"""

from lamplighter.base.jsontext import Json
from lamplighter.jobs.names import SUPPORTING, supporting
from lamplighter.jobs.story import Attempt
from lamplighter.jobs.walk import states

ENDS = tuple(map(supporting, SUPPORTING))
"""What the names of these machines end with."""
OWN_STATES = frozenset({
    "Watch", "List runs", "More runs", "Alone?", "Queue up", "My turn?", "Not yet", "Stop", "Begin", "Judge", "Again?",
    "Count", "Pause", "A log?", "Last lines",
})  # fmt: skip
"""States of a job's machine that only serve it."""
TELLS = "Tell "
"""What the names of the states begin with that tell a channel."""
CONTAINERS = "ecs:runTask"


OURS = "LAMPLIGHTER_RUN"
"""The variable that every container of a job is given."""


def is_ours(definition: Json) -> bool:
    """Whether a job file made a machine: the names of states mean nothing in others."""
    return OURS in str(definition)


def is_attendant(machine: str) -> bool:
    """Whether a state machine is not a job, by its name."""
    return machine.endswith(ENDS)


def steps(definition: Json) -> int:
    """How many states of a machine run containers."""
    return sum(CONTAINERS in str(state.get("Resource")) for _, state in states(definition))


def serves(attempt: Attempt) -> bool:
    """Whether an attempt is of a state that only serves a job."""
    return serves_a_job(attempt.state, attempt.resource)


def serves_a_job(state: str, resource: Json) -> bool:
    """Whether a state only serves a job; those of a workflow's job have its name before theirs."""
    own = own_name(state)
    return CONTAINERS not in str(resource) and (own in OWN_STATES or own.startswith(TELLS))


def own_name(state: str) -> str:
    """A state's name without that of the step of a workflow which it belongs to."""
    return state.rpartition(": ")[2]
