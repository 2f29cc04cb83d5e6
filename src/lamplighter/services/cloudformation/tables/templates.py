"""The templates of stacks and change sets: the text that was given, and what its transforms made of it.

A template never changes once it is kept; one that no plan names any more is deleted.
"""

from lamplighter.store.db import Reader, Tx

NONE = ""
"""In the place of an id: the template of a stack that has none yet."""
_EMPTY = "{}"


def put(tx: Tx, key: str, stack: str, text: str, processed: str) -> None:
    """Keep a template under a key that was never used."""
    sql = "INSERT INTO stack_templates (id, stack, text, processed) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (key, stack, text, processed))


def text(reader: Reader, key: str) -> str:
    """Return a template as it was given."""
    return _column(reader, "text", key)


def processed(reader: Reader, key: str) -> str:
    """Return a template without its transforms, as JSON text."""
    return _column(reader, "processed", key)


def _column(reader: Reader, column: str, key: str) -> str:
    row = reader.row(f"SELECT {column} FROM stack_templates WHERE id = ?", (key,))  # noqa: S608 - one of our columns
    return str(row[0]) if row is not None else _EMPTY


def drop_unused(tx: Tx, stack: str) -> None:
    """Delete the templates of a stack that neither its plans nor its change sets name."""
    tx.execute(
        "DELETE FROM stack_templates WHERE stack = ?1 AND id NOT IN ("
        "SELECT json_extract(plan, '$.template') FROM stacks WHERE id = ?1 "
        "UNION ALL SELECT json_extract(previous, '$.template') FROM stacks WHERE id = ?1 AND previous <> 'null' "
        "UNION ALL SELECT json_extract(body, '$.plan.template') FROM change_sets WHERE stack = ?1)",
        (stack,),
    )
