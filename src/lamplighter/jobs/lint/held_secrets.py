"""Find the secrets of a job file that have no value on this machine. Findings never contain a value.

A value is stored under the name of its reference (`base/secret_references.py`). If there is none, the engine takes the
variable with the secret's name in the container, unless several references share that name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base import secret_references
from lamplighter.jobs.file.model import Project


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret of a job for whose reference this machine has no value."""

    job: str
    section: str
    """The key of the job that names the secret."""
    variable: str
    where: str
    held: bool
    """Whether the variable with the secret's name has the value instead."""
    shared: Sequence[str] = ()
    """The references that share the variable's name, if there are several; then the variable is not used."""

    @property
    def says(self) -> str:
        """The problem, in words."""
        if self.shared:
            places = " and ".join(self.shared)
            return f"{self.variable} names several secrets ({places}), and {self.where} has no value"
        if self.held:
            return (
                f"{self.variable} takes its value from the variable {self.variable}, because {self.where} has no value"
            )
        return f"the secret {self.where} (variable {self.variable}) has no value"

    def advice(self, env: str) -> str:
        """Return what to write, and into which file."""
        place = secret_references.parse_reference(self.where)
        return f"write a line {place.text}=… in {env}, or set the variable {place.variable}"


def wanted_secrets(projects: Iterable[Project]) -> Mapping[str, Sequence[str]]:
    """Return the references of each variable that is a secret."""
    found: dict[str, list[str]] = {}
    for project in projects:
        for _, _, name, where in _named(project):
            known = found.setdefault(name, [])
            if not any(secret_references.is_same_secret(where, each) for each in known):
                known.append(where)
    return found


def missing_secrets(project: Project, held: Mapping[str, str]) -> Iterator[SecretFinding]:
    """Yield each secret for whose reference `held` has no value."""
    places = wanted_secrets([project])
    for job, section, name, where in _named(project):
        if secret_references.find_secret(held, where) is None:
            shared = places[name] if len(places[name]) > 1 else ()
            yield SecretFinding(job, section, name, where, held=name in held and not shared, shared=shared)


def _named(project: Project) -> Iterator[tuple[str, str, str, str]]:
    """Yield job, section, variable and reference of each secret."""
    for job, each in project.jobs.items():
        yield from ((job, "secrets", name, where) for name, where in each.secrets.items())
        for sidecar in each.sidecars.values():
            yield from ((job, "sidecars", name, where) for name, where in sidecar.secrets.items())
