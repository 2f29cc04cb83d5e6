"""Find the rows of rules, alarms and schedules that cannot be read.

The engine skips such a row and continues with all others. These rows take effect without any request, so that no caller
would see an error; the engine's health reports them instead.
"""

from lamplighter.store.db import Reader

UNREADABLE = "CASE WHEN json_valid({0}) THEN json_type({0}) <> 'object' ELSE 1 END"


def unreadable_rules(reader: Reader) -> list[str]:
    """Return the ARNs of unreadable rules, archives and the like, and `RULE target ID` for unreadable targets."""
    body, tags = UNREADABLE.format("body"), UNREADABLE.format("tags")
    sql = f"""
        SELECT arn FROM event_resources WHERE {body} OR {tags}
        UNION ALL SELECT rule || ' target ' || id FROM event_targets WHERE {body} ORDER BY 1
    """  # noqa: S608 - our own columns
    return [row[0] for row in reader.rows(sql)]


def unreadable_alarms(reader: Reader) -> list[str]:
    """Return the ARNs of unreadable alarms."""
    body, tags = UNREADABLE.format("body"), UNREADABLE.format("tags")
    return [row[0] for row in reader.rows(f"SELECT arn FROM alarms WHERE {body} OR {tags} ORDER BY arn")]  # noqa: S608


def unreadable_schedules(reader: Reader) -> list[str]:
    """Return the ARNs of unreadable schedules."""
    sql = f"SELECT arn FROM schedules WHERE {UNREADABLE.format('body')} ORDER BY arn"  # noqa: S608 - our own columns
    return [row[0] for row in reader.rows(sql)]
