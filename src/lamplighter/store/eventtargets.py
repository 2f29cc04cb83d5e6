"""The targets of rules."""

from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.store.db import Reader, Tx


def of_rule(reader: Reader, rule: str, after: str = "", most: int = 100) -> list[Json]:
    """Targets of a rule whose ids come after one, in order of id, as the API has them."""
    sql = "SELECT body FROM event_targets WHERE rule = ? AND id > ? ORDER BY id LIMIT ?"
    return [loads(body) for (body,) in reader.rows(sql, (rule, after, most))]


def get(reader: Reader, rule: str, id: str) -> Json | None:  # noqa: A002 - AWS's word
    """A target."""
    row = reader.row("SELECT body FROM event_targets WHERE rule = ? AND id = ?", (rule, id))
    return loads(row[0]) if row else None


def count(reader: Reader, rule: str) -> int:
    """How many targets a rule has."""
    row = reader.row("SELECT count(*) FROM event_targets WHERE rule = ?", (rule,))
    assert row is not None
    number: int = row[0]
    return number


def rules(reader: Reader, arn: str, within: str, after: str, most: int) -> list[str]:
    """The ARNs, of those that begin in one way, of rules that have a target, in order."""
    sql = (
        "SELECT DISTINCT rule FROM event_targets WHERE arn = ? AND rule > ? AND substr(rule, 1, length(?)) = ? "
        "ORDER BY rule LIMIT ?"
    )
    return [rule for (rule,) in reader.rows(sql, (arn, after, within, within, most))]


def put(tx: Tx, rule: str, target: Json) -> None:
    """Keep a target, in the place of the one that has its id."""
    sql = "INSERT OR REPLACE INTO event_targets (rule, id, arn, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (rule, target["Id"], target["Arn"], dumps(target)))


def delete(tx: Tx, rule: str, id: str) -> None:  # noqa: A002 - AWS's word
    """Forget a target."""
    tx.execute("DELETE FROM event_targets WHERE rule = ? AND id = ?", (rule, id))
