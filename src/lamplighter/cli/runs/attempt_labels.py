"""Label attempts as briefly as possible: `2` if the run has one kind of work, `Load 2` if it has several.

Guarantees the same label at every time of the run, because the definition states which attempts can occur.
"""

from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.cli.runs.result_text import state_path
from lamplighter.runs.history.retry_rules import repeats_attempts
from lamplighter.runs.history.story import Attempt, Visit
from lamplighter.runs.jobs.job_machine import (
    RUN_TASK,
    SKIPPED_STATE,
    SUPPORTING_STATES,
    container_states,
    is_made_from_job_file,
    state_in_job,
)


@dataclass(frozen=True, slots=True)
class AttemptLabels:
    """The parts that labels need to distinguish the attempts of a run."""

    shows_state: bool
    """Whether labels name the state: several states run containers, or one state does so for several items."""
    shows_number: bool
    """Whether labels have the attempt's number: there may be several attempts."""
    from_job_file: bool
    """Whether a job file made the state machine."""
    redriven: tuple[int, ...] = ()
    """The times of the redrives; the attempts of a job are numbered anew after each."""

    def title(self, attempt: Attempt) -> str:
        """Return the label of an attempt as the subject of a sentence."""
        number = f"attempt {self._number_text(attempt)}"
        if not attempt.resource.startswith(RUN_TASK):
            return state_path(attempt) + (f", {number}" if attempt.number > 1 else "")
        return f"{state_path(attempt)}, {number}" if self.shows_state else number

    def _number_text(self, attempt: Attempt) -> str:
        redrives = sum(time <= attempt.began for time in self.redriven)
        if not redrives or not self.from_job_file:
            return str(attempt.number)
        return f"{attempt.number} after {'the redrive' if redrives == 1 else f'redrive {redrives}'}"

    def hides(self, state: str) -> bool:
        """Return whether a state is a job's helper state, which the rows of attempts and waits make superfluous."""
        return self.from_job_file and state_in_job(state) in SUPPORTING_STATES

    def hides_work(self, attempt: Attempt) -> bool:
        """Return whether an attempt belongs to a helper state and runs no container."""
        return self.hides(attempt.state) and not attempt.resource.startswith(RUN_TASK)

    def prefix(self, attempt: Attempt, container: str | None) -> str:
        """Return the text before a line of output; empty if the line can only come from one attempt."""
        parts = [
            *([state_path(attempt)] if self.shows_state else []),
            *([self._number_text(attempt)] if self.shows_number else []),
            *([] if container is None else [container]),
        ]
        return f"{' '.join(parts)} | " if parts else ""

    def is_skipped(self, visit: Visit) -> bool:
        """Return whether the run of a job was skipped in this visit of a state, because another run is under way."""
        return self.from_job_file and state_in_job(visit.state) == SKIPPED_STATE


def labels_for(definition: Json, redriven: tuple[int, ...] = ()) -> AttemptLabels:
    """Return the labels for the runs of a definition; `redriven` has the times of the run's redrives."""
    found = container_states(definition)
    maps = [each for _, each in walk_states(definition) if each.get("Type") == "Map"]
    several = len(found) > 1 or any(container_states(_body(each)) for each in maps)
    retried = any(map(repeats_attempts, found))
    return AttemptLabels(several, several or retried, is_made_from_job_file(definition), redriven)


def _body(state: Json) -> Json:
    return state.get("ItemProcessor") or state.get("Iterator") or {}
