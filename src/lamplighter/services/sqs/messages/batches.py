"""Process batches: up to ten entries, each of which succeeds or fails separately.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html.
"""

import re
from collections.abc import Callable

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from lamplighter.store.db import Tx

MAX_ENTRIES = 10
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def read_entries(params: Json, kind: str) -> list[Json]:
    """Return the entries of a batch. Raises an error if their number or their ids are not valid."""
    found: list[Json] = params["Entries"]
    if not found:
        raise EmptyBatchRequest(kind)
    if len(found) > MAX_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(found))
    seen = set()
    for entry in found:
        if not ENTRY_ID.fullmatch(entry["Id"]):
            raise InvalidBatchEntryId
        if entry["Id"] in seen:
            raise BatchEntryIdsNotDistinct(entry["Id"])
        seen.add(entry["Id"])
    return found


def process_entries(tx: Tx, entries: list[Json], process_entry: Callable[[Json], Json]) -> Json:
    """Process the entries one after the other, each in a nested transaction; return the result of each."""
    answer: dict[str, list[Json]] = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            with tx.nested():
                answer["Successful"].append({"Id": entry["Id"], **(process_entry(entry) or {})})
        except AwsError as error:
            failure = {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
            answer["Failed"].append(failure)
    return {name: results for name, results in answer.items() if results or name == "Successful"}
