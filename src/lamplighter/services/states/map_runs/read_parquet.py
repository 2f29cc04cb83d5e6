"""Read the rows of a Parquet file as items; loaded with the first one. pyarrow is in the extra `parquet`.

The footer of a Parquet file is at its end, so the whole file is copied to a temporary file first; a batch of rows is in
memory. Values that JSON lacks become text: dates and times in ISO 8601, decimal numbers as they are written, binary
values in base64. See https://parquet.apache.org/docs/file-format/.
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from pyarrow import ArrowException
from pyarrow.parquet import ParquetFile

from lamplighter.asl.execution.item_reader import reader_failed
from lamplighter.base.json_text import Json

ROWS_PER_BATCH = 1_000


def read_rows(pieces: Iterable[bytes]) -> Iterator[Json]:
    """Yield the rows of a file as objects. Raises States.ItemReaderFailed for another file."""
    with tempfile.TemporaryFile() as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        try:
            for batch in ParquetFile(file).iter_batches(ROWS_PER_BATCH):
                yield from (_to_json(row) for row in batch.to_pylist())
        except (ArrowException, OSError) as error:
            raise reader_failed(f"the object is not a valid Parquet file: {error}") from None


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
