"""Copy the secrets that a job file names from one side of a move to the other, each after a question.

Guarantees that no value is printed, and that another value on the other side is replaced only if the user agrees to
exactly that: `--yes` does not.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lamplighter.base.aws.secret_references import SSM, SecretLookup, SecretReference, parse_reference, read_member
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.cli.call_errors import RESOURCE_NOT_FOUND, ignore_error
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.lint.missing_secrets import secrets_of_project

ABSENT = ("ParameterNotFound", RESOURCE_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class SecretStore:
    """The Parameter Store and the Secrets Manager of a side."""

    target: Target
    lookup: SecretLookup
    """Finds what the side holds elsewhere: a box, in `.env`."""

    def read(self, place: SecretReference) -> str | None:
        """Return the whole secret, or None."""
        found: str | None = None
        with ignore_error(*ABSENT):
            if place.service == SSM:
                answer = self.target.client("ssm").get_parameter(Name=place.name, WithDecryption=True)
                found = answer["Parameter"]["Value"]
            else:
                found = self.target.client("secretsmanager").get_secret_value(SecretId=place.name).get("SecretString")
        return found

    def write(self, place: SecretReference, value: str, *, is_new: bool) -> None:
        """Create or replace a secret."""
        if place.service == SSM:
            self.target.client("ssm").put_parameter(Name=place.name, Value=value, Type="SecureString", Overwrite=True)
        elif is_new:
            self.target.client("secretsmanager").create_secret(Name=place.name, SecretString=value)
        else:
            self.target.client("secretsmanager").put_secret_value(SecretId=place.name, SecretString=value)


@dataclass(frozen=True, slots=True)
class SecretCopy:
    """What copies secrets, and whom it asks."""

    source: SecretStore
    to: SecretStore
    ask: Callable[[str], bool]
    """Asks a question that `--yes` answers."""
    ask_person: Callable[[str], bool]
    """Asks a question that only a person answers."""

    def copy_all(self, project: Project) -> list[str]:
        """Copy what the other side lacks; return the references of secrets that it lacks still."""
        places = {text: variable for variable, text in secrets_of_project(project)}
        return [text for text, variable in places.items() if not self._copy(text, variable)]

    def _copy(self, text: str, variable: str) -> bool:
        """Copy one secret if that is necessary; return whether the other side has it."""
        place = parse_reference(text)
        if self.to.lookup(variable, text) is not None:
            return True
        before, held = self.to.read(place), self.source.lookup(variable, text)
        source = self.source.read(place) if held is None else None
        value, present = _read(source, place) if held is None else held, _read(before, place)
        if value is None or text.startswith("arn:") or value == present:
            return present is not None
        ask, question = self.ask, f"Copy the secret {text} to {self.to.target}?"
        if before is not None and (present is not None or not _is_object(before)):
            ask, question = self.ask_person, f"{text} has another value in {self.to.target}: replace it?"
        if not ask(question):
            return present is not None
        whole = source if before is None else None  # with the members that the job file does not name
        self.to.write(place, whole or _with_member(before, place.key, value), is_new=before is None)
        return True


def _read(secret: str | None, place: SecretReference) -> str | None:
    return read_member(secret, place.key) if secret is not None and place.key else secret


def _is_object(secret: str) -> bool:
    return isinstance(loads_or(secret, None), dict)


def _with_member(secret: str | None, key: str, value: str) -> str:
    """Return a secret that is a JSON object with one member more; without a key, the value itself."""
    document: Json = loads_or(secret, None) if secret is not None and _is_object(secret) else {}
    return dumps({**document, key: value}) if key else value
