"""Search the state machines of a place for words, as the operation SearchStateMachines, which AWS does not have.

AWS takes one call for each definition.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.jobs.job_search import describe_job, search_job
from lamplighter.services.states.tables import state_machines
from lamplighter.store.db import Reader

MAX_MACHINES = 500
"""The most state machines in an answer."""


def search_machines(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle SearchStateMachines: return the state machines that have all `Words`, or a state that has them, by name.

    Each has `found`, the fields with the words and excerpts, or None, and its `states`, each with a name and `found`.
    `Truncated` is true if there may be more.
    """
    words = params["Words"]
    machines = state_machines.find_words(reader, caller.account, caller.region, words, MAX_MACHINES)
    found = [
        describe_job(machine.arn, machine.name, job)
        for machine in machines
        if not is_supporting_machine(machine.name)
        and (job := search_job(words, machine.name, machine.tags, machine.definition)).is_found
    ]
    return {"Machines": found, "Truncated": len(machines) == MAX_MACHINES}
