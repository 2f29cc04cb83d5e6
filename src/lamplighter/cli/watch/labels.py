"""What attempts are called, as short as can be: `2` where there is one kind of work, `Load 2` where there are several.

Promises one answer for a whole run, also while it goes on: the definition says what may come.
"""

from dataclasses import dataclass

from lamplighter.base.jsontext import Json
from lamplighter.cli.watch.words import place
from lamplighter.jobs.story import Attempt
from lamplighter.jobs.walk import states

CONTAINERS = "ecs:runTask"


@dataclass(frozen=True, slots=True)
class Labels:
    """What has to be said to tell attempts apart."""

    states: bool
    """Several states run containers, or one does for several items."""
    attempts: bool
    """There may be more than one attempt."""

    def title(self, attempt: Attempt) -> str:
        """An attempt as the subject of a sentence."""
        named = self.states or not attempt.resource.startswith(CONTAINERS)
        return f"{place(attempt)}, attempt {attempt.number}" if named else f"attempt {attempt.number}"

    def prefix(self, attempt: Attempt, container: str | None) -> str:
        """What stands before a line of output; nothing where it can be of one attempt only."""
        said = [
            *([place(attempt)] if self.states else []),
            *([str(attempt.number)] if self.attempts else []),
            *([] if container is None else [container]),
        ]
        return f"{' '.join(said)} | " if said else ""


def of_definition(definition: Json) -> Labels:
    """What the runs of a machine need."""
    everything = [state for _, state in states(definition)]
    work = [each for each in everything if CONTAINERS in str(each.get("Resource"))]
    several = len(work) > 1 or any(each.get("Type") == "Map" for each in everything)
    again = any("Retry" in each or "Catch" in each for each in work)
    return Labels(states=several, attempts=several or again)
