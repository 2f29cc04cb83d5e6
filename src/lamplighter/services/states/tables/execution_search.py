"""Search executions of all state machines of a place by words, newest first and a block of rows at a time.

A block has a limited number of executions, of whose inputs only the beginning is compared, so that the time of a query
is limited. The children of Maps and express executions are left out, and so are supporting machines that did not fail:
nobody started them, and their inputs repeat those of the jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.aws.arn import build
from lamplighter.base.json_text import Json
from lamplighter.runs.jobs.job_machine import SUPPORTING_SUFFIXES
from lamplighter.services.states.tables.execution_lists import (
    COLUMNS,
    STATUS,
    TABLES,
    ListedExecution,
    machines_of_place,
)
from lamplighter.services.states.tables.word_patterns import word_pattern
from lamplighter.store.db import Reader

BLOCK_SIZE = 2_000
"""The most executions that one query examines."""
MAX_INPUT_LENGTH = 16_384
"""The most characters of an input that are compared."""
_TEXTS = ("e.name", f"substr(e.input, 1, {MAX_INPUT_LENGTH})", "ifnull(e.error, '')", "ifnull(e.cause, '')")
_OF_PLACE = "+e.machine > ? AND +e.machine < ? AND instr(e.machine, '/') = 0 AND e.arn NOT LIKE 'arn:%:express:%'"
"""The pluses keep SQLite from the index of machines: the order of ids is wanted."""
_NOT_SUPPORTING = " AND ".join(["e.machine NOT LIKE ?"] * len(SUPPORTING_SUFFIXES))
LAST_ID = 9_223_372_036_854_775_807


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    """Which executions are searched."""

    words: Sequence[str] = ()
    """Each must be in the name, the input, the error, the cause, or in the name of the machine; one not only there."""
    statuses: Sequence[str] = ()
    """The statuses, or all if empty."""
    since: int | None = None
    """The earliest start in milliseconds."""
    machine: str | None = None
    """The ARN of the only machine whose executions are searched."""


@dataclass(frozen=True, slots=True)
class Block:
    """The executions that one query examines: those whose ids are below `before`, and `first` or above."""

    before: int
    first: int
    oldest: int | None
    """The start of the oldest of them in milliseconds; None if there is none."""
    is_last: bool
    """Whether there are no older executions, or none that the criteria allow."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An execution that may have the words, with its texts."""

    listed: ListedExecution
    name: str
    input: str
    error: str | None
    cause: str | None


def next_block(reader: Reader, account: str, region: str, before: int, since: int | None) -> Block:
    """Return the block of executions below an id."""
    sql = (
        "SELECT min(id), min(start), count(*) FROM (SELECT e.id, e.start FROM executions e "  # noqa: S608
        f"WHERE {_OF_PLACE} AND e.id < ? ORDER BY e.id DESC LIMIT ?)"
    )
    row = reader.row(sql, (*machines_of_place(account, region), before, BLOCK_SIZE))
    first, oldest, count = row or (None, None, 0)
    is_last = count < BLOCK_SIZE or (since is not None and oldest < since)
    return Block(before, first or 0, oldest, is_last)


def find_in_block(
    reader: Reader, account: str, region: str, block: Block, criteria: SearchCriteria, limit: int
) -> list[Candidate]:
    """Return the newest executions of a block that may have the words."""
    where, values = _conditions(account, region, criteria)
    sql = (
        f"SELECT {COLUMNS}, e.name, e.input, e.error, e.cause FROM {TABLES} "  # noqa: S608
        f"WHERE e.id < ? AND e.id >= ? AND {_OF_PLACE} AND {where} ORDER BY e.id DESC LIMIT ?"
    )
    place = machines_of_place(account, region)
    rows = reader.rows(sql, (block.before, block.first, *place, *values, limit))
    return [Candidate(ListedExecution(*row[:-4]), *row[-4:]) for row in rows]


def _conditions(account: str, region: str, criteria: SearchCriteria) -> tuple[str, list[Json]]:
    """Return the condition in SQL and its values."""
    conditions = [f"(e.status IN ('FAILED', 'TIMED_OUT') OR {_NOT_SUPPORTING})"]
    values: list[Json] = [f"%{each}" for each in SUPPORTING_SUFFIXES]
    if criteria.statuses:
        conditions.append(f"{STATUS} IN ({', '.join('?' * len(criteria.statuses))})")
        values += criteria.statuses
    for condition, value in (("e.start >= ?", criteria.since), ("e.machine = ?", criteria.machine)):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    name_at = len(build("states", region, account, "stateMachine:")) + 1
    texts = (*_TEXTS, f"substr(e.machine, {name_at})")
    for word in criteria.words:
        conditions.append(_one_like(texts))
        values += [word_pattern(word)] * len(texts)
    if criteria.words:
        conditions.append(f"({' OR '.join([_one_like(_TEXTS)] * len(criteria.words))})")
        values += [word_pattern(word) for word in criteria.words for _ in _TEXTS]
    return " AND ".join(conditions), values


def _one_like(texts: Sequence[str]) -> str:
    """Return the condition that one of these texts is like a pattern, which is given once for each of them."""
    likes = (f"{each} LIKE ? ESCAPE '\\'" for each in texts)
    return f"({' OR '.join(likes)})"
