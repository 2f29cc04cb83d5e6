"""Write policies as lines that a person can compare: one line for each action on each resource.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.iam_policy.text_patterns import as_list


def policy_lines(document: Json) -> list[str]:
    """Return the lines of a policy, without duplicates."""
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return list(dict.fromkeys(line for each in as_list(found) for line in _statement_lines(each)))


def _statement_lines(statement: Json) -> Iterator[str]:
    resource_key = next((name for name in ("Resource", "NotResource") if name in statement), None)
    resources = as_list(statement[resource_key]) if resource_key is not None else [None]
    resource_prefix = "everything but " if resource_key == "NotResource" else ""
    principal = f"{dumps(statement['Principal'])} " if "Principal" in statement else ""
    condition = f" if {dumps(statement['Condition'])}" if statement.get("Condition") else ""
    action_prefix = "everything but " if "NotAction" in statement else ""
    for action in as_list(statement.get("Action", statement.get("NotAction", []))):
        for resource in resources:
            resource_text = "" if resource is None else f" on {resource_prefix}{resource}"
            effect = statement.get("Effect", "Allow").lower()
            yield f"{effect} {principal}{action_prefix}{action}{resource_text}{condition}"
