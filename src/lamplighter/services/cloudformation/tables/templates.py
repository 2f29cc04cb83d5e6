"""Store the templates of stacks and change sets: the original text, and the text after its transforms.

A template that its transforms do not change is stored once. A stored template never changes; one that no plan names
any more is deleted.
"""

from lamplighter.services.cloudformation.tables.secret_values import hide_template, reveal_template
from lamplighter.store.db import Reader, Tx

NONE = ""
"""The template id of a stack that has no template yet."""
_EMPTY = "{}"
_SAME = ""
"""The text after the transforms of a template that they do not change."""


def put(tx: Tx, key: str, stack: str, text: str, processed: str) -> None:
    """Store a template under a new key."""
    sql = "INSERT INTO stack_templates (id, stack, text, processed) VALUES (?, ?, ?, ?)"
    after_transforms = _SAME if processed == text else hide_template(tx, processed)
    tx.execute(sql, (key, stack, hide_template(tx, text), after_transforms))


def text(reader: Reader, key: str) -> str:
    """Return the original text of a template."""
    return _column(reader, "text", key)


def processed(reader: Reader, key: str) -> str:
    """Return the JSON text of a template after its transforms."""
    return _column(reader, "processed", key) or text(reader, key)


def _column(reader: Reader, column: str, key: str) -> str:
    row = reader.row(f"SELECT {column} FROM stack_templates WHERE id = ?", (key,))  # noqa: S608 - one of our columns
    return reveal_template(reader, row[0]) if row is not None else _EMPTY


def drop_unused(tx: Tx, stack: str) -> None:
    """Delete the templates of a stack that neither its plans nor its change sets name."""
    tx.execute(
        "DELETE FROM stack_templates WHERE stack = ?1 AND id NOT IN ("
        "SELECT json_extract(plan, '$.template') FROM stacks WHERE id = ?1 "
        "UNION ALL SELECT json_extract(previous, '$.template') FROM stacks WHERE id = ?1 AND previous <> 'null' "
        "UNION ALL SELECT json_extract(body, '$.plan.template') FROM change_sets WHERE stack = ?1)",
        (stack,),
    )
