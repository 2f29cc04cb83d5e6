"""Describe what a search found, in groups. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from lamplighter.console.view.links import arn_path
from lamplighter.runs.word_search import FoundText

GROUPS = {"jobs": "Jobs", "runs": "Runs", "states": "States", "output": "Output", "others": "Around the jobs"}
"""The groups of hits in the order of the page, with their titles."""
SHOWN_FIRST = 10
"""The hits of a group that are shown while all groups are."""
WORDS_OF_FIELDS = {
    "name": "", "job": "", "cause": "in the cause", "error": "in the error", "input": "in the input",
    "output": "in the output", "description": "in the description",
    "tags": "in the tags", "project": "in the project", "comment": "in the comment",
}  # fmt: skip
"""Where a word was found; the names are shown anyway."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a search found."""

    kind: str
    """job, run, state, queue, in words"""
    title: str
    path: str
    found: Sequence[FoundText] = ()
    second: str = ""
    """What is shown below the title: the name of a run, or the job of a state."""
    status: str = ""
    started: float | None = None
    """For a run: its status, and its start in seconds since the epoch."""

    @property
    def places(self) -> Sequence[tuple[str, str]]:
        """Where the words were found besides the names, with the excerpts."""
        return [(words, each.excerpt) for each in self.found if (words := WORDS_OF_FIELDS[each.field])]


@dataclass(frozen=True, slots=True)
class HitGroup:
    """The hits of one group."""

    name: str
    hits: Sequence[Hit]
    total: int
    """The number of all hits of the group."""
    is_complete: bool = True
    """Whether there are no more hits than `total`."""

    @property
    def title(self) -> str:
        """The title of the group."""
        return GROUPS[self.name]

    @property
    def count(self) -> str:
        """The number of hits for people: 12, 500+."""
        return f"{self.total}{'' if self.is_complete else '+'}"


def sort_by_name(hits: Iterable[Hit], text: str) -> Sequence[Hit]:
    """Return hits by name: first the one that is named like the text, then those whose names begin with it."""
    start = text.casefold()

    def key(hit: Hit) -> tuple[bool, bool, str]:
        name = hit.title.casefold()
        return name != start, not name.startswith(start), name

    return sorted(hits, key=key)


def state_path(machine: str, state: str) -> str:
    """Return the path of the page of a job with a state selected in the graph."""
    return f"/jobs/{arn_path(machine)}?state={quote(state, safe='')}#graph"
