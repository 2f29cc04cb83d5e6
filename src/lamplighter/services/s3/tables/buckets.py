"""Store buckets."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

SERVICE = "s3"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket."""

    id: int
    """0 until the bucket is stored."""
    name: str
    account: str
    region: str
    created: int
    """Milliseconds since the epoch."""
    versioning: str
    """Empty if it was never set, else Enabled or Suspended."""
    settings: dict[str, Json]
    """The other settings in the form of the API, by the names of their parameters."""


BUCKETS = Table("s3_buckets", Bucket, json={"settings": loads})


def owner_and_policy(reader: Reader, name: str) -> tuple[str, str | None] | None:
    """Return the account and the policy of a bucket; nothing else of its row is read. None: there is no bucket."""
    sql = (
        "SELECT account, CASE WHEN json_valid(settings) THEN json_extract(settings, '$.Policy') END FROM s3_buckets "
        "WHERE name = ?"
    )
    row = reader.row(sql, (name,))
    return None if row is None else (row[0], row[1])


def get(reader: Reader, name: str) -> Bucket | None:
    """Return a bucket by its name, or None."""
    return BUCKETS.find(reader, "name = ?", name)


def by_id(reader: Reader, key: int) -> Bucket | None:
    """Return a bucket by its id, or None."""
    return BUCKETS.find(reader, "id = ?", key)


insert = BUCKETS.insert
"""Store a new bucket and return its id."""


def update(tx: Tx, bucket: Bucket) -> None:
    """Store a changed bucket."""
    BUCKETS.update(tx, bucket, "id = ?", bucket.id)


def delete(tx: Tx, bucket: Bucket) -> None:
    """Delete the row of a bucket."""
    tx.execute("DELETE FROM s3_buckets WHERE id = ?", (bucket.id,))


def page(reader: Reader, account: str, prefix: str, after: str, most: int) -> list[Bucket]:
    """Return buckets of an account, by name, whose names begin with a prefix and come after another name."""
    where = "account = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
    return BUCKETS.select(reader, where, account, after, len(prefix), prefix, most)


def any_exists(reader: Reader) -> bool:
    """Return whether there is a bucket."""
    return reader.row("SELECT 1 FROM s3_buckets LIMIT 1") is not None
