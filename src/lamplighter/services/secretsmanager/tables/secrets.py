"""Store secrets and their versions."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "secretsmanager"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, without its values."""

    id: int
    account: str
    region: str
    name: str
    arn: str
    created: int
    """Milliseconds since the epoch."""
    changed: int
    deleted: int | None
    """The time at which it will be deleted, if a deletion was requested."""
    tags: dict[str, str]
    body: dict[str, Json]
    """Description, KmsKeyId and ResourcePolicy."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version of a secret."""

    secret: int
    version: str
    created: int
    stages: list[str]
    value: str
    """The encrypted JSON of SecretString or SecretBinary."""


SECRETS = Table("secrets", Secret, json={"tags": loads, "body": loads})
VERSIONS = Table("secret_versions", SecretVersion, json={"stages": loads})


def policy_of(reader: Reader, arn: str) -> str | None:
    """Return the policy of a secret that has one; nothing else of its row is read."""
    return SECRETS.find_member(reader, "body", "ResourcePolicy", "arn = ?", arn)


def arns(reader: Reader, account: str, region: str) -> list[str]:
    """Return the ARNs of all secrets of an account and region."""
    sql = "SELECT arn FROM secrets WHERE account = ? AND region = ?"
    return [arn for (arn,) in reader.rows(sql, (account, region))]


def by_name(reader: Reader, account: str, region: str, name: str) -> Secret | None:
    """Return a secret by its name, or None."""
    return SECRETS.find(reader, "account = ? AND region = ? AND name = ?", account, region, name)


def by_arn(reader: Reader, arn: str) -> Secret | None:
    """Return a secret by its ARN, or None."""
    return SECRETS.find(reader, "arn = ?", arn)


def by_id(reader: Reader, key: int) -> Secret | None:
    """Return a secret by its key, or None."""
    return SECRETS.find(reader, "id = ?", key)


def of_account(reader: Reader, account: str, region: str) -> list[Secret]:
    """Return the secrets of an account in a region, by name."""
    return SECRETS.select(reader, "account = ? AND region = ? ORDER BY name", account, region)


insert = SECRETS.insert
"""Store a new secret and return its key."""


def update(tx: Tx, secret: Secret) -> None:
    """Store a changed secret."""
    SECRETS.update(tx, secret, "id = ?", secret.id)


def delete(tx: Tx, secret: Secret) -> None:
    """Delete a secret with its versions."""
    tx.execute("DELETE FROM secret_versions WHERE secret = ?", (secret.id,))
    tx.execute("DELETE FROM secrets WHERE id = ?", (secret.id,))


def version(reader: Reader, secret: Secret, name: str) -> SecretVersion | None:
    """Return a version of a secret, or None."""
    return VERSIONS.find(reader, "secret = ? AND version = ?", secret.id, name)


def versions(reader: Reader, secret: Secret) -> list[SecretVersion]:
    """Return the versions of a secret, the newest first."""
    return VERSIONS.select(reader, "secret = ? ORDER BY created DESC, version", secret.id)


put_version = VERSIONS.replace
"""Store a version, new or changed."""


def delete_version(tx: Tx, row: SecretVersion) -> None:
    """Delete a version."""
    tx.execute("DELETE FROM secret_versions WHERE secret = ? AND version = ?", (row.secret, row.version))
