"""Store buckets."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, loads
from lamplighter.store.db import Reader
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


get = BUCKETS.find_by("name")
"""Return a bucket by its name, or None."""
by_id = BUCKETS.find_by("id")
"""Return a bucket by its id, or None."""
insert = BUCKETS.insert
"""Store a new bucket and return its id."""
update = BUCKETS.update_by("id")
"""Store a changed bucket."""
delete = BUCKETS.delete_by("id")
"""Delete the row of a bucket."""
page = BUCKETS.page_by("account", "name")
"""Return buckets of an account, by name, whose names begin with a prefix and come after another name."""
any_exists = BUCKETS.any_exists
"""Return whether there is a bucket."""
