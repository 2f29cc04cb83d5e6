"""Whether the secrets that a job file names are held on this box, and under which name; never what they are.

A secret is held for its place (`base/secret_references.py`). Where none is, the variable by which the container knows
it stands in, as long as no other place goes by the same variable.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base import secret_references
from lamplighter.jobs.file.model import Project


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret of a job that is not held for its place."""

    job: str
    section: str
    """The key of the job that names it."""
    variable: str
    where: str
    held: bool
    """Whether the variable's name stands in."""
    shared: Sequence[str] = ()
    """The places that go by the same variable, where there are several: then its name does not stand in."""

    @property
    def says(self) -> str:
        """What is the matter."""
        if self.shared:
            places = " and ".join(self.shared)
            return f"{self.variable} is the secret of several places ({places}), and none is held for {self.where}"
        if self.held:
            return f"{self.variable} comes from the variable {self.variable}, as nothing is held for {self.where}"
        return f"nobody holds {self.variable}, the secret of {self.where}"

    def advice(self, env: str) -> str:
        """What to write, and where."""
        place = secret_references.parse_reference(self.where)
        return f"write a line {place.text}=… in {env}, or set the variable {place.variable}"


def wanted_secrets(projects: Iterable[Project]) -> Mapping[str, Sequence[str]]:
    """The places of each variable that is a secret."""
    found: dict[str, list[str]] = {}
    for project in projects:
        for _, _, name, where in _named(project):
            known = found.setdefault(name, [])
            if not any(secret_references.is_same_secret(where, each) for each in known):
                known.append(where)
    return found


def missing_secrets(project: Project, held: Mapping[str, str]) -> Iterator[SecretFinding]:
    """Each secret that is not held for its place."""
    places = wanted_secrets([project])
    for job, section, name, where in _named(project):
        if secret_references.find_secret(held, where) is None:
            shared = places[name] if len(places[name]) > 1 else ()
            yield SecretFinding(job, section, name, where, held=name in held and not shared, shared=shared)


def _named(project: Project) -> Iterator[tuple[str, str, str, str]]:
    """Job, section, variable and place of each secret."""
    for job, each in project.jobs.items():
        yield from ((job, "secrets", name, where) for name, where in each.secrets.items())
        for sidecar in each.sidecars.values():
            yield from ((job, "sidecars", name, where) for name, where in sidecar.secrets.items())
