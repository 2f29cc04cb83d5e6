"""Store parameters and their versions."""

from dataclasses import dataclass

from lamplighter.base.aws import arn
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


get = PARAMETERS.find_by("account", "region", "name")
"""Return a parameter, or None."""
insert = PARAMETERS.insert
"""Store a new parameter and return its id."""
update = PARAMETERS.update_by("id")
"""Store a changed parameter."""


def delete(tx: Tx, parameter: Parameter) -> None:
    """Delete a parameter with its versions."""
    tx.execute("DELETE FROM ssm_parameter_versions WHERE parameter = ?", (parameter.id,))
    tx.execute("DELETE FROM ssm_parameters WHERE id = ?", (parameter.id,))


page = PARAMETERS.page_by("account", "region", "name")
"""Return parameters by name, after a name."""
version = VERSIONS.find_by("parameter", "version")
"""Return a version of a parameter, or None."""


def versions(reader: Reader, parameter: int, after: int = 0) -> list[ParameterVersion]:
    """Return the versions of a parameter after a number, the oldest first."""
    return VERSIONS.select(reader, "parameter = ? AND version > ? ORDER BY version", parameter, after)


put_version = VERSIONS.replace
"""Store a version, new or changed."""
delete_version = VERSIONS.delete_by("parameter", "version")
"""Delete a version."""
