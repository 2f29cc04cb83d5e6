"""Print the rows of a Parquet file on the standard input: `python -m …map_runs.parquet_program`.

Each line is a row as a JSON object, or, at the end, the reason for which there are no further rows as a JSON text. The
kernel limits the memory of this process, because a file of some hundred bytes may describe rows of many gigabytes:
dictionaries and compression say what is repeated, and how often. Values that JSON lacks become text: dates and times in
ISO 8601, decimal numbers as they are written, binary values in base64. pyarrow is in the extra `parquet`. See
https://parquet.apache.org/docs/file-format/.
"""

import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.modules import load_object
from lamplighter.isolation.limits import Limits, confine

MEMORY_LIMITS = Limits(memory=2**30)
"""The limits of the process; it has no limit of time, because it does not keep the engine from other work."""
ROWS_PER_BATCH = 100
"""The rows in memory: 100 of the longest rows that the engine reads take 100 MiB."""
ARROW_ERROR = "pyarrow:ArrowException"
OUT_OF_MEMORY = f"reading the Parquet file needs more than {MEMORY_LIMITS.memory >> 20} MiB of memory"


def print_rows() -> None:
    """Print the rows of the standard input."""
    try:
        for row in _read_rows():
            sys.stdout.write(dumps(row) + "\n")
    except MemoryError:
        print(dumps(OUT_OF_MEMORY))
    except (load_object(ARROW_ERROR), OSError) as error:
        print(dumps(f"the object is not a valid Parquet file: {error}"))


def _read_rows() -> Iterator[Json]:
    file = load_object("pyarrow.parquet:ParquetFile")(sys.stdin.buffer)
    for batch in file.iter_batches(ROWS_PER_BATCH, use_threads=False):
        yield from map(_to_json, batch.to_pylist())


def _to_json(value: Json) -> Json:
    match value:
        case dict():
            return {str(key): _to_json(each) for key, each in value.items()}
        case list():
            return [_to_json(each) for each in value]
        case tuple():  # an entry of a map
            return [_to_json(each) for each in value]
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta() | Decimal():
            return str(value)
        case bytes():
            return b64encode(value).decode()
        case _:
            return value


if __name__ == "__main__":
    confine(MEMORY_LIMITS)
    print_rows()
