"""Rows that cannot be read, of what works by itself: nobody asks for an alarm, so that nobody would hear of it.

The engine skips such a row and goes on with all others; its health names the row.
"""

from lamplighter.store.db import Reader

UNREADABLE = "CASE WHEN json_valid({0}) THEN json_type({0}) <> 'object' ELSE 1 END"


def unreadable_rules(reader: Reader) -> list[str]:
    """The ARNs of rules, archives and whatever else EventBridge has by name; of a target, `RULE target ID`."""
    body, tags = UNREADABLE.format("body"), UNREADABLE.format("tags")
    sql = f"""
        SELECT arn FROM event_resources WHERE {body} OR {tags}
        UNION ALL SELECT rule || ' target ' || id FROM event_targets WHERE {body} ORDER BY 1
    """  # noqa: S608 - our own columns
    return [row[0] for row in reader.rows(sql)]


def unreadable_alarms(reader: Reader) -> list[str]:
    """The ARNs of alarms."""
    body, tags = UNREADABLE.format("body"), UNREADABLE.format("tags")
    return [row[0] for row in reader.rows(f"SELECT arn FROM alarms WHERE {body} OR {tags} ORDER BY arn")]  # noqa: S608


def unreadable_schedules(reader: Reader) -> list[str]:
    """The ARNs of schedules."""
    sql = f"SELECT arn FROM schedules WHERE {UNREADABLE.format('body')} ORDER BY arn"  # noqa: S608 - our own columns
    return [row[0] for row in reader.rows(sql)]
