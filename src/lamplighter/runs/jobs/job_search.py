"""Find the words of a search in a job: in its name, project, tags and description, and in its states. Pure.

The helper states of jobs of a job file are not searched, because every job has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json, loads_or
from lamplighter.base.masking import mask_secrets
from lamplighter.runs.jobs import job_machine
from lamplighter.runs.word_search import FoundText, find_words, write_places

OWN_TAGS = "lamplighter:"
"""How the names of tags begin that lamplighter sets for itself."""


@dataclass(frozen=True, slots=True)
class FoundJob:
    """What a search found in a job."""

    found: Sequence[FoundText] | None
    """Where the words are in the job itself; None if they are not."""
    states: Sequence[tuple[str, Sequence[FoundText]]]
    """The states that have a word, by name."""

    @property
    def is_found(self) -> bool:
        """Whether the job or one of its states has the words."""
        return self.found is not None or bool(self.states)


def describe_job(arn: str, name: str, job: FoundJob) -> Json:
    """Return what was found as SearchStateMachines answers it."""
    return {
        "stateMachineArn": arn,
        "name": name,
        "found": None if job.found is None else write_places(job.found),
        "states": [{"name": state, "found": write_places(found)} for state, found in job.states],
    }


def search_job(words: Sequence[str], name: str, tags: Mapping[str, str], definition: str) -> FoundJob:
    """Return where the words are in a job; the other words for a state may be in the name of its job."""
    document = loads_or(definition, {})
    shown = mask_secrets(dict(tags))
    about = {
        "name": name,
        "project": tags.get(job_machine.PROJECT_TAG, ""),
        "description": job_machine.own_comment(_comment(document), tags),
        "tags": ", ".join(f"{key}: {value}" for key, value in shown.items() if not key.startswith(OWN_TAGS)),
    }
    return FoundJob(find_words(words, about), list(_search_states(words, name, document)))


def _search_states(words: Sequence[str], job: str, definition: Json) -> Iterator[tuple[str, Sequence[FoundText]]]:
    from_job_file = job_machine.is_made_from_job_file(definition)
    for name, state in walk_states(definition):
        if from_job_file and job_machine.is_supporting_state(name, state.get("Resource")):
            continue
        found = find_words(words, {"name": name, "comment": _comment(state), "job": job})
        if found and found[0].field != "job":
            yield name, found


def _comment(document: Json) -> str:
    return str(document.get("Comment") or "") if isinstance(document, dict) else ""
