"""Name jobs for people: by the name in the job file, unless another job or state machine has that name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lamplighter.runs.jobs.job_machine import JOB_TAG, PROJECT_TAG
from lamplighter.runs.run import Run


@dataclass(frozen=True, slots=True)
class JobNames:
    """The names by which people know the jobs of a place."""

    by_machine: Mapping[str, str] = field(default_factory=dict)
    """The names by the name of the state machine."""
    projects: frozenset[str] = frozenset()

    def of(self, key: str) -> str:
        """Return the name of a job, given the ARN of its state machine or of a run, or CLUSTER/FAMILY.

        The tags of a removed state machine are not known: its name is shown without that of a known project.
        """
        name = key_name(Run(key, "", 0).machine if ":execution:" in key else key)
        return self.by_machine.get(name) or self._without_project(name)

    def machine(self, name: str) -> str:
        """Return the name of the state machine of a job, given either of its names."""
        return next((machine for machine, each in self.by_machine.items() if each == name), name)

    def _without_project(self, name: str) -> str:
        project = max((each for each in self.projects if name.startswith(f"{each}-")), key=len, default="")
        short = name.removeprefix(f"{project}-") if project else name
        return name if short in self.by_machine.values() else short


def read_names(tags: Mapping[str, Mapping[str, str]]) -> JobNames:
    """Return the names of jobs, given the tags of all state machines of a place by ARN."""
    short = {key_name(arn): each.get(JOB_TAG) or key_name(arn) for arn, each in tags.items()}
    count = Counter(word for machine, name in short.items() for word in {machine, name})
    names = {machine: name if count[name] == 1 else machine for machine, name in short.items()}
    return JobNames(names, frozenset(each[PROJECT_TAG] for each in tags.values() if PROJECT_TAG in each))


def key_name(key: str) -> str:
    """Return the last part of the ARN of what a schedule starts, or of CLUSTER/FAMILY."""
    return key.partition(":stateMachine:")[2].partition("/")[0] or key.rpartition("/")[2]
