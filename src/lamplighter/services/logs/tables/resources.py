"""Store the resources of an account that belong to no log group, by their kind and name."""

from dataclasses import dataclass
from typing import Literal, get_args

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Tx
from lamplighter.store.rows import Table

Kind = Literal["destination", "delivery-source", "delivery-destination", "delivery"]
"""The kinds of resources, as ARNs name them."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class LogResource:
    """A resource of an account and a region."""

    account: str
    region: str
    kind: Kind
    name: str
    body: Json
    """The resource in the form of the API, without its tags."""
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """The ARN of the resource."""
        return arn.build("logs", self.region, self.account, f"{self.kind}:{self.name}")


RESOURCES = Table("log_resources", LogResource, json={"body": loads, "tags": loads})


put = RESOURCES.replace
"""Store a resource, and replace one of the same name."""
get = RESOURCES.find_by("account", "region", "kind", "name")
"""Return a resource, or None if there is none."""
page = RESOURCES.page_by("account", "region", "kind", "name")
"""Return resources of a kind whose names start with a prefix, after a name, in order of name."""


def delete(tx: Tx, resource: LogResource) -> None:
    """Delete a resource."""
    sql = "DELETE FROM log_resources WHERE account = ? AND region = ? AND kind = ? AND name = ?"
    tx.execute(sql, (resource.account, resource.region, resource.kind, resource.name))
