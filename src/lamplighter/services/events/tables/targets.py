"""Store the targets of rules."""

import logging

from lamplighter.base.json_text import Json, JsonError, dumps, loads_object
from lamplighter.store.db import Reader, Tx

log = logging.getLogger("lamplighter.events")


def targets_of_rule(reader: Reader, rule: str, after: str = "", most: int = 100) -> list[Json]:
    """Return the readable targets of a rule with ids after `after`, in order of id and in the form of the API."""
    sql = "SELECT id, body FROM event_targets WHERE rule = ? AND id > ? ORDER BY id LIMIT ?"
    found = [_read(rule, *row) for row in reader.rows(sql, (rule, after, most))]
    return [target for target in found if target is not None]


def _read(rule: str, id: str, body: str) -> Json | None:  # noqa: A002 - AWS's word
    try:
        return loads_object(body)
    except JsonError as error:
        log.error("target %s of %s cannot be read; it is skipped: %s", id, rule, error)
        return None


def count(reader: Reader, rule: str) -> int:
    """Return the number of targets of a rule."""
    return reader.count("SELECT count(*) FROM event_targets WHERE rule = ?", (rule,))


def rules_with_target(reader: Reader, arn: str, within: str, after: str, most: int) -> list[str]:
    """Return the ARNs of rules that have a target, in order: those that begin with `within` and follow `after`."""
    sql = (
        "SELECT DISTINCT rule FROM event_targets WHERE arn = ? AND rule > ? AND substr(rule, 1, length(?)) = ? "
        "ORDER BY rule LIMIT ?"
    )
    return [rule for (rule,) in reader.rows(sql, (arn, after, within, within, most))]


def rules_by_target(reader: Reader, first: str, last: str, most: int) -> list[tuple[str, str]]:
    """Return at most `most` pairs of a target's ARN, from one ARN to another, and the ARN of a rule that has it."""
    sql = "SELECT DISTINCT arn, rule FROM event_targets WHERE arn BETWEEN ? AND ? ORDER BY arn, rule LIMIT ?"
    return [(arn, rule) for arn, rule in reader.rows(sql, (first, last, most))]


def put(tx: Tx, rule: str, target: Json) -> None:
    """Store a target; it replaces the target with the same id."""
    sql = "INSERT OR REPLACE INTO event_targets (rule, id, arn, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (rule, target["Id"], target["Arn"], dumps(target)))


def delete(tx: Tx, rule: str, id: str) -> None:  # noqa: A002 - AWS's word
    """Delete a target."""
    tx.execute("DELETE FROM event_targets WHERE rule = ? AND id = ?", (rule, id))
