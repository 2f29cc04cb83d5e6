"""What attempts are called, as short as can be: `2` where there is one kind of work, `Load 2` where there are several.

Promises one answer for a whole run, also while it goes on: the definition says what may come.
"""

from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.cli.runs.failure_words import state_path
from lamplighter.runs.job_machine import RUN_TASK, RUN_VARIABLE, SUPPORTING_STATES, state_in_job
from lamplighter.runs.story import Attempt, Visit

SKIPPED, WORKFLOW = "Skipped", "Workflow"


@dataclass(frozen=True, slots=True)
class AttemptLabels:
    """What has to be said to tell attempts apart."""

    states: bool
    """Several states run containers, or one does for several items."""
    attempts: bool
    """There may be more than one attempt."""
    job: bool
    """A job file made the machine."""
    redriven: tuple[int, ...] = ()
    """When the run was redriven: from then on attempts are counted anew."""

    def title(self, attempt: Attempt) -> str:
        """An attempt as the subject of a sentence."""
        number = f"attempt {self._number(attempt)}"
        if not attempt.resource.startswith(RUN_TASK):
            return state_path(attempt) + (f", {number}" if attempt.number > 1 else "")
        return f"{state_path(attempt)}, {number}" if self.states else number

    def _number(self, attempt: Attempt) -> str:
        redrives = sum(time <= attempt.began for time in self.redriven)
        if not redrives or not self.job:
            return str(attempt.number)
        return f"{attempt.number} after {'the redrive' if redrives == 1 else f'redrive {redrives}'}"

    def hides(self, state: str) -> bool:
        """Whether a state only serves what the attempts and waits of a job tell better."""
        return self.job and state_in_job(state) in SUPPORTING_STATES

    def hides_work(self, attempt: Attempt) -> bool:
        """Whether an attempt is of such a state; one that runs a container never is."""
        return self.hides(attempt.state) and not attempt.resource.startswith(RUN_TASK)

    def prefix(self, attempt: Attempt, container: str | None) -> str:
        """What stands before a line of output; nothing where it can be of one attempt only."""
        said = [
            *([state_path(attempt)] if self.states else []),
            *([self._number(attempt)] if self.attempts else []),
            *([] if container is None else [container]),
        ]
        return f"{' '.join(said)} | " if said else ""

    def skipped(self, visit: Visit) -> bool:
        """Whether a run of a job ends here because it does not begin beside another one."""
        return self.job and state_in_job(visit.state) == SKIPPED


def labels_for(definition: Json, redriven: tuple[int, ...] = ()) -> AttemptLabels:
    """What the runs of a machine need; one that was redriven needs more."""
    work = [each for _, each in walk_states(definition) if _runs_containers(each)]
    maps = [each for _, each in walk_states(definition) if each.get("Type") == "Map"]
    mapped = any(_runs_containers(inner) for each in maps for _, inner in walk_states(_body(each)))
    several = len(work) > 1 or mapped
    again = any("Retry" in each or "Catch" in each for each in work)
    return AttemptLabels(several, several or again, any(RUN_VARIABLE in str(each) for each in work), redriven)


def is_workflow(definition: Json) -> bool:
    """Whether a job with several steps made a machine: they are inside a state that is called after the job."""
    return any(name.endswith(f": {WORKFLOW}") for name in definition["States"])


def _runs_containers(state: Json) -> bool:
    return RUN_TASK in str(state.get("Resource"))


def _body(state: Json) -> Json:
    return state.get("ItemProcessor") or state.get("Iterator") or {}
