"""Store the clusters of ECS."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster; an INACTIVE one was deleted and can still be described."""

    arn: str
    owner: str
    """The account and the region, as account/region."""
    name: str
    status: str
    body: Json
    """Settings and configuration, in the API's form."""
    tags: Json


CLUSTERS = Table("clusters", Cluster, json={"body": loads, "tags": loads})


get = CLUSTERS.find_by("arn")
"""Return a cluster by its ARN, or None."""
put = CLUSTERS.replace
"""Store a new or changed cluster."""


def with_provider(reader: Reader, owner: str, provider: str) -> list[Cluster]:
    """Return an owner's active clusters that have a capacity provider."""
    has_provider = "EXISTS (SELECT 1 FROM json_each(body, '$.capacityProviders') WHERE value = ?)"
    return CLUSTERS.select(reader, f"owner = ? AND status = 'ACTIVE' AND {has_provider}", owner, provider)


def page(reader: Reader, owner: str, after: str, most: int) -> list[str]:
    """Return the ARNs of an owner's active clusters in order, after the ARN `after`."""
    sql = "SELECT arn FROM clusters WHERE owner = ? AND status = 'ACTIVE' AND arn > ? ORDER BY arn LIMIT ?"
    return [row[0] for row in reader.rows(sql, (owner, after, most))]
