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


policy_of = SECRETS.member_by("body", "ResourcePolicy", "arn")
"""Return the policy of a secret that has one; nothing else of its row is read."""


def arns(reader: Reader, account: str, region: str) -> list[str]:
    """Return the ARNs of all secrets of an account and region."""
    sql = "SELECT arn FROM secrets WHERE account = ? AND region = ?"
    return [arn for (arn,) in reader.rows(sql, (account, region))]


by_name = SECRETS.find_by("account", "region", "name")
"""Return a secret by its name, or None."""
by_arn = SECRETS.find_by("arn")
"""Return a secret by its ARN, or None."""
by_id = SECRETS.find_by("id")
"""Return a secret by its key, or None."""
of_account = SECRETS.select_by("account", "region", order="name")
"""Return the secrets of an account in a region, by name."""
insert = SECRETS.insert
"""Store a new secret and return its key."""
update = SECRETS.update_by("id")
"""Store a changed secret."""


def delete(tx: Tx, secret: Secret) -> None:
    """Delete a secret with its versions."""
    tx.execute("DELETE FROM secret_versions WHERE secret = ?", (secret.id,))
    tx.execute("DELETE FROM secrets WHERE id = ?", (secret.id,))


version = VERSIONS.find_by("secret", "version")
"""Return a version of a secret, or None."""
versions = VERSIONS.select_by("secret", order="created DESC, version")
"""Return the versions of a secret, the newest first."""
put_version = VERSIONS.replace
"""Store a version, new or changed."""
delete_version = VERSIONS.delete_by("secret", "version")
"""Delete a version."""
