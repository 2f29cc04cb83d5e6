"""The number of examples that property tests try: all, or a few for `make quick` (LAMPLIGHTER_QUICK=1)."""

import os

QUICK = os.environ.get("LAMPLIGHTER_QUICK") == "1"


def examples(count: int) -> int:
    """Return how many examples a property test tries that normally tries `count`."""
    return max(5, count // 25) if QUICK else count
