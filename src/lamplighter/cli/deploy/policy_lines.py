"""Write policies as lines that a person can compare: one line for each action on each resource.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, dumps


def policy_lines(document: Json) -> list[str]:
    """Return the lines of a policy, without duplicates."""
    found = document.get("Statement", []) if isinstance(document, dict) else []
    statements = found if isinstance(found, list) else [found]
    return list(dict.fromkeys(line for each in statements for line in _lines(each)))


def _lines(statement: Json) -> Iterator[str]:
    about = next((name for name in ("Resource", "NotResource") if name in statement), None)
    resources = _several(statement[about]) if about is not None else [None]
    but = "everything but " if about == "NotResource" else ""
    who = f"{dumps(statement['Principal'])} " if "Principal" in statement else ""
    when = f" if {dumps(statement['Condition'])}" if statement.get("Condition") else ""
    no = "everything but " if "NotAction" in statement else ""
    for action in _several(statement.get("Action", statement.get("NotAction", []))):
        for resource in resources:
            where = "" if resource is None else f" on {but}{resource}"
            yield f"{statement.get('Effect', 'Allow').lower()} {who}{no}{action}{where}{when}"


def _several(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
