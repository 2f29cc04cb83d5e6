"""Store parameters and their versions."""

from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "ssm"
SECURE = "SecureString"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, without its values."""

    id: int
    account: str
    region: str
    name: str
    version: int
    """The latest version."""
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """The parameter's ARN, in which a hierarchy has no leading slash."""
        return arn.build(SERVICE, self.region, self.account, f"parameter/{self.name.removeprefix('/')}")


@dataclass(frozen=True, slots=True)
class ParameterVersion:
    """A version of a parameter."""

    parameter: int
    version: int
    type: str
    value: str
    """Encrypted if the type is SecureString."""
    modified: int
    """Milliseconds since the epoch."""
    labels: list[str]
    body: dict[str, Json]
    """Everything else, in the form of the API."""


PARAMETERS = Table("ssm_parameters", Parameter, json={"tags": loads})
VERSIONS = Table("ssm_parameter_versions", ParameterVersion, json={"labels": loads, "body": loads})


def get(reader: Reader, account: str, region: str, name: str) -> Parameter | None:
    """Return a parameter, or None."""
    return PARAMETERS.find(reader, "account = ? AND region = ? AND name = ?", account, region, name)


insert = PARAMETERS.insert
"""Store a new parameter and return its id."""


def update(tx: Tx, parameter: Parameter) -> None:
    """Store a changed parameter."""
    PARAMETERS.update(tx, parameter, "id = ?", parameter.id)


def delete(tx: Tx, parameter: Parameter) -> None:
    """Delete a parameter with its versions."""
    tx.execute("DELETE FROM ssm_parameter_versions WHERE parameter = ?", (parameter.id,))
    tx.execute("DELETE FROM ssm_parameters WHERE id = ?", (parameter.id,))


def page(reader: Reader, account: str, region: str, after: str, most: int, prefix: str = "") -> list[Parameter]:
    """Return parameters by name, after a name."""
    where = "account = ? AND region = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
    return PARAMETERS.select(reader, where, account, region, after, len(prefix), prefix, most)


def version(reader: Reader, parameter: Parameter, number: int) -> ParameterVersion | None:
    """Return a version of a parameter, or None."""
    return VERSIONS.find(reader, "parameter = ? AND version = ?", parameter.id, number)


def versions(reader: Reader, parameter: Parameter, after: int = 0) -> list[ParameterVersion]:
    """Return the versions of a parameter after a number, the oldest first."""
    return VERSIONS.select(reader, "parameter = ? AND version > ? ORDER BY version", parameter.id, after)


put_version = VERSIONS.replace
"""Store a version, new or changed."""


def delete_version(tx: Tx, row: ParameterVersion) -> None:
    """Delete a version."""
    sql = "DELETE FROM ssm_parameter_versions WHERE parameter = ? AND version = ?"
    tx.execute(sql, (row.parameter, row.version))
