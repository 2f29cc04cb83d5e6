"""Store repositories."""

from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "ecr"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository."""

    id: int
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch."""
    tags: dict[str, str]
    body: dict[str, Json]
    """Its settings in the form of the API, and lifecyclePolicyText and policyText if they are set."""

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return arn.build(SERVICE, self.region, self.account, f"repository/{self.name}")

    @property
    def uri(self) -> str:
        """The repository's URI on AWS, which is the name under which Docker has its images."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"


REPOSITORIES = Table("ecr_repositories", Repository, json={"tags": loads, "body": loads})


def policy_of(reader: Reader, account: str, region: str, name: str) -> str | None:
    """Return the policy of a repository that has one; nothing else of its row is read."""
    where = "account = ? AND region = ? AND name = ?"
    return REPOSITORIES.find_member(reader, "body", "policyText", where, account, region, name)


def get(reader: Reader, account: str, region: str, name: str) -> Repository | None:
    """Return a repository, or None."""
    return REPOSITORIES.find(reader, "account = ? AND region = ? AND name = ?", account, region, name)


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[Repository]:
    """Return repositories by name, after a name."""
    where = "account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"
    return REPOSITORIES.select(reader, where, account, region, after, most)


insert = REPOSITORIES.insert
"""Store a new repository."""


def update(tx: Tx, repository: Repository) -> None:
    """Store a changed repository."""
    REPOSITORIES.update(tx, repository, "id = ?", repository.id)


def delete(tx: Tx, repository: Repository) -> None:
    """Delete the row of a repository."""
    tx.execute("DELETE FROM ecr_repositories WHERE id = ?", (repository.id,))
