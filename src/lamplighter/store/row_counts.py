"""Read the numbers of rows that triggers maintain, so that no query has to count rows.

The triggers update the numbers in the transactions that change rows.
"""

from typing import Literal

from lamplighter.store.db import Reader


def count_by_status(reader: Reader, kind: Literal["execution", "task", "delivery"]) -> dict[str, int]:
    """Return the number of executions or tasks by status, or the number of ended deliveries by outcome."""
    return dict(reader.rows("SELECT status, number FROM row_counts WHERE kind = ? ORDER BY status", (kind,)))
