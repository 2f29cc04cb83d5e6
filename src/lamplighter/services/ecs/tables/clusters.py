"""Store the clusters of ECS."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Row, Tx


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


COLUMNS = "arn, owner, name, status, body, tags"


def _cluster(row: Row) -> Cluster:
    arn, owner, name, status, body, tags = row
    return Cluster(arn, owner, name, status, loads(body), loads(tags))


def get(reader: Reader, arn: str) -> Cluster | None:
    """Return a cluster by its ARN, or None."""
    row = reader.row(f"SELECT {COLUMNS} FROM clusters WHERE arn = ?", (arn,))  # noqa: S608 - our own columns
    return _cluster(row) if row else None


def put(tx: Tx, cluster: Cluster) -> None:
    """Store a new or changed cluster."""
    tx.execute(
        f"INSERT OR REPLACE INTO clusters ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own columns
        (cluster.arn, cluster.owner, cluster.name, cluster.status, dumps(cluster.body), dumps(cluster.tags)),
    )


def page(reader: Reader, owner: str, after: str, most: int) -> list[str]:
    """Return the ARNs of an owner's active clusters in order, after the ARN `after`."""
    sql = "SELECT arn FROM clusters WHERE owner = ? AND status = 'ACTIVE' AND arn > ? ORDER BY arn LIMIT ?"
    return [row[0] for row in reader.rows(sql, (owner, after, most))]
