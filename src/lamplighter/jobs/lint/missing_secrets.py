"""Find the secrets of a job file that have no value on this machine. Findings never contain a value.

A value is stored under the name of its reference (`base/aws/secret_references.py`). If there is none, the engine takes
the variable with the secret's name in the container, unless several references share that name. If there is none
either, it takes the value from its own Parameter Store or Secrets Manager; `stored_secrets.py` finds out whether they
have it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.aws import secret_references
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.secrets import is_secret_reference

STORES: Mapping[str, str] = {
    secret_references.SSM: "Parameter Store",
    secret_references.SECRETS_MANAGER: "Secrets Manager",
}


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret of a job for whose reference this machine has no value."""

    job: str
    section: str
    """The key of the job that names the secret."""
    variable: str
    reference: str
    found_by_variable: bool
    """Whether the variable with the secret's name has the value instead."""
    sharing_references: Sequence[str] = ()
    """The references that share the variable's name, if there are several; then the variable is not used."""

    @property
    def problem(self) -> str:
        """The problem, in words."""
        if self.sharing_references:
            places = " and ".join(self.sharing_references)
            return f"{self.variable} names several secrets ({places}), and {self.reference} has no value"
        if self.found_by_variable:
            return (
                f"{self.variable} takes its value from the variable {self.variable}, "
                f"because {self.reference} has no value"
            )
        return f"the secret {self.reference} (variable {self.variable}) has no value"

    def advice(self, env: str) -> str:
        """Return what to write, and into which file, or where to store the value."""
        parsed = secret_references.parse_reference(self.reference)
        return (
            f"write a line {parsed.text}=… in {env}, set the variable {parsed.variable}, "
            f"or store it in the engine's {STORES[parsed.service]}"
        )


def secret_advice(text: str, env: str) -> str:
    """Return how this machine gets the secret of a reference: what to write, and into which file."""
    reference = secret_references.parse_reference(text)
    return f"write a line {reference.text}=… in {env}, or set the variable {reference.variable}"


@dataclass(frozen=True, slots=True)
class AddressFinding:
    """The address of a channel or a heartbeat is a secret that this machine does not have."""

    path: tuple[str, ...]
    """Where the address is in the job file."""
    owner: str
    """What needs the address."""
    reference: str

    @property
    def problem(self) -> str:
        """The problem, in words."""
        return f"the secret {self.reference} has no value, so {self.owner} gets nothing"

    def advice(self, env: str) -> str:
        """Return what to write, and into which file."""
        return secret_advice(self.reference, env)


def missing_addresses(project: Project, values: Mapping[str, str]) -> Iterator[AddressFinding]:
    """Yield each address of a channel or a heartbeat that is a reference which is not in `values`."""
    for path, owner, address in _addresses(project):
        if is_secret_reference(address) and secret_references.find_secret(values, address) is None:
            yield AddressFinding(path, owner, address)


def secrets_of_project(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the variable, if there is one, and the reference of each secret that the project needs on AWS."""
    yield from ((name, where) for _, _, name, where in _secrets_of_jobs(project))
    addresses = (address for path, _, address in _addresses(project) if path[0] != "box")
    yield from (("", address) for address in addresses if is_secret_reference(address))


def mail_server_url(box: Box, values: Mapping[str, str]) -> str | None:
    """Return the URL of the mail server in a job file, or None if there is none, or its secret is not in `values`."""
    found = box.smtp
    return secret_references.find_secret(values, found) if found and is_secret_reference(found) else found


def _addresses(project: Project) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the place in the job file, the owner and the address of each channel and heartbeat that has one."""
    if project.box.smtp is not None:
        yield ("box", "smtp"), "every mail address", project.box.smtp
    for name, channel in project.channels.items():
        if channel.chat is not None:
            yield ("channels", name), f"the channel {name}", channel.chat[1]
    for name, job in project.jobs.items():
        if job.heartbeat is not None:
            yield ("jobs", name, "heartbeat"), f"the heartbeat of {name}", job.heartbeat


def references_by_variable(projects: Iterable[Project]) -> Mapping[str, Sequence[str]]:
    """Return the references of each variable that is a secret."""
    found: dict[str, list[str]] = {}
    known: set[tuple[str, str]] = set()
    for project in projects:
        for _, _, name, where in _secrets_of_jobs(project):
            spellings = {(name, each) for each in secret_references.spellings(where)}
            if known.isdisjoint(spellings):
                found.setdefault(name, []).append(where)
                known |= spellings
    return found


def missing_secrets(project: Project, values: Mapping[str, str]) -> Iterator[SecretFinding]:
    """Yield each secret of the jobs whose reference is not in `values`."""
    references = references_by_variable([project])
    for job, section, name, where in _secrets_of_jobs(project):
        if secret_references.find_secret(values, where) is None:
            shared = references[name] if len(references[name]) > 1 else ()
            yield SecretFinding(
                job, section, name, where, found_by_variable=name in values and not shared, sharing_references=shared
            )


def _secrets_of_jobs(project: Project) -> Iterator[tuple[str, str, str, str]]:
    """Yield job, section, variable and reference of each secret."""
    for job, each in project.jobs.items():
        yield from ((job, "secrets", name, where) for name, where in each.secrets.items())
        for sidecar in each.sidecars.values():
            yield from ((job, "sidecars", name, where) for name, where in sidecar.secrets.items())
