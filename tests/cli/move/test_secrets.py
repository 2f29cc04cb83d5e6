"""Which secrets a move copies, after which question: no other value on the other side is lost."""

from types import SimpleNamespace
from typing import cast

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.move.secrets import SecretCopy, SecretStore
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project


class FakeSecrets:
    """Secrets Manager, in memory."""

    def __init__(self, **held: Json) -> None:
        self.held = held

    @property
    def store(self) -> SecretStore:
        """The store of a side that has these secrets."""
        target = SimpleNamespace(client=lambda _service: self)
        return SecretStore(cast("Target", target), lambda _variable, _reference: None)

    def _find(self, name: str) -> Json:
        if name not in self.held:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetSecretValue")
        return self.held[name]

    def get_secret_value(self, *, SecretId: str) -> Json:  # noqa: N803 - AWS's words
        found = self._find(SecretId)
        return {"SecretBinary": found} if isinstance(found, bytes) else {"SecretString": found}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803 - AWS's words
        self.held[SecretId] = SecretString

    def create_secret(self, *, Name: str, SecretString: str) -> None:  # noqa: N803 - AWS's words
        self.held[Name] = SecretString


def copy(reference: str, source: FakeSecrets, to: FakeSecrets) -> tuple[list[str], list[str]]:
    """Copy a secret of a job as `--yes` does; return what lacks a value, and the questions to a person."""
    job = {"image": "busybox", "secrets": {"TOKEN": reference}}
    asked = list[str]()

    def decline(question: str) -> bool:
        asked.append(question)
        return False

    copies = SecretCopy(source.store, to.store, lambda _question: True, decline)
    return copies.copy_all(Project.model_validate({"project": "p", "jobs": {"nightly": job}})), asked


@pytest.mark.parametrize(
    ("held", "other"), [("1", "1.0"), ("1", "true"), ("0.1234567890123456", "0.12345678901234561")]
)
def test_texts_that_are_equal_numbers_are_different_secrets(held: str, other: str) -> None:
    to = FakeSecrets(db=other)
    _, asked = copy("secretsmanager:db", FakeSecrets(db=held), to)
    assert (len(asked), to.held) == (1, {"db": other})


def test_a_member_that_is_copied_keeps_the_other_members() -> None:
    to = FakeSecrets(db='{"password":"theirs","port":5}')
    missing, asked = copy("secretsmanager:db:user", FakeSecrets(db='{"user":"me","password":"ours"}'), to)
    assert (missing, asked, to.held) == ([], [], {"db": '{"password":"theirs","port":5,"user":"me"}'})


@pytest.mark.parametrize("other", ["plain", "[1]", '{"user":"you"}'])
def test_a_secret_that_a_member_would_replace_needs_the_answer_of_a_person(other: str) -> None:
    to = FakeSecrets(db=other)
    _, asked = copy("secretsmanager:db:user", FakeSecrets(db='{"user":"me"}'), to)
    assert (len(asked), to.held) == (1, {"db": other})


def test_a_secret_is_copied_whole_and_one_without_text_is_missing() -> None:
    to = FakeSecrets()
    assert copy("secretsmanager:db:user", FakeSecrets(db='{"user":"é\\n","port":5}'), to) == ([], [])
    assert to.held == {"db": '{"user":"é\\n","port":5}'}
    assert copy("secretsmanager:key", FakeSecrets(key=b"\0"), to) == (["secretsmanager:key"], [])
