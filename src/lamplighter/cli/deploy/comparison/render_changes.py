"""Render changes for people on a terminal, and as JSON for programs.

Guarantees that a text of several lines is shown as a diff, and that every change of permissions is marked. For
resources that are added or removed, only the permissions are shown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from difflib import unified_diff

from rich.console import Console
from rich.text import Text

from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.deploy.comparison.changes import Action, Change, Difference

ACTION_SIGNS: Mapping[Action, tuple[str, str]] = {
    "add": ("+", "green"),
    "change": ("~", "yellow"),
    "remove": ("-", "red"),
    "keep": ("=", "dim"),
}
CONTEXT_LINES = 2
"""Unchanged lines that are shown around a change in a text."""
MAX_VALUE_LENGTH = 300
"""The most characters that are shown of a value."""
REPLACEMENT_TEXTS = {"True": "is replaced", "Conditional": "may be replaced"}
_OWN_ARN = re.compile(r"arn:\$\{AWS::Partition\}:([a-z0-9-]+):(?:\$\{AWS::Region\})?:\$\{AWS::AccountId\}:")
"""ARNs in the stack's own account and region, as most are; they are shortened."""


def print_changes(changes: Iterable[Change], console: Console, replaced: Mapping[str, str] | None = None) -> None:
    """Print the changes of a stack's resources; `replaced` has the replacements that the change set announces."""
    for change in changes:
        sign, colour = ACTION_SIGNS[change.action]
        replacement = REPLACEMENT_TEXTS.get((replaced or {}).get(change.resource, ""), "")
        console.print(
            Text.assemble(
                (f"{sign} ", colour), (change.label, "bold"),
                ("" if change.label.endswith(f" {change.resource}") else f"  {change.resource}", "dim"),
                ("  permissions", "magenta") if change.changes_permissions else "",
                (f"  {replacement}", "bold red") if replacement else "",
                "  stays" if change.action == "keep" else "",
            ),
            soft_wrap=True,
        )  # fmt: skip
        for difference in change.differences:
            if change.action == "change" or _is_grant(difference):
                console.print(Text("\n").join(_difference_lines(difference)), soft_wrap=True)


def summarize_changes(changes: Iterable[Change]) -> str:
    """Return the number of changes of each kind, and whether permissions change."""
    known = list(changes)
    counts = {word: sum(each.action == word for each in known) for word in ACTION_SIGNS}
    text = ", ".join(f"{count} to {word}" for word, count in counts.items() if count)
    return text + ("; permissions change" if any(each.changes_permissions for each in known) else "")


def change_to_json(change: Change) -> Json:
    """Return a change as `diff --json` prints it."""
    return {
        "resource": change.resource,
        "type": change.type,
        "action": change.action,
        "called": change.label,
        "differences": [asdict(each) for each in change.differences],
        "permissions": change.changes_permissions,
    }


def _is_grant(difference: Difference) -> bool:
    return difference.path.endswith("PolicyDocument")


def _difference_lines(difference: Difference) -> Iterator[Text]:
    before, after = difference.before, difference.after
    if _is_grant(difference):
        sign, colour, line = ("+", "green", after) if before is None else ("-", "red", before)
        short = _OWN_ARN.sub(r"\1:", line)
        yield Text(f"    {sign} {short}", colour)
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield Text(f"    {difference.path}:")
        yield from _text_diff_lines(before, after)
    elif before is None:
        yield Text.assemble(f"    {difference.path}: ", (_shorten(after), "green"))
    elif after is None:
        yield Text.assemble(f"    {difference.path}: ", (_shorten(before), "red"), " → (removed)")
    else:
        yield Text.assemble(f"    {difference.path}: ", (_shorten(before), "red"), " → ", (_shorten(after), "green"))


def _text_diff_lines(before: str, after: str) -> Iterator[Text]:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT_LINES, lineterm="")
    for at, line in enumerate(lines):
        if at > 1:  # the first two lines of a diff name files
            yield Text(f"      {line}", colours.get(line[:1], "dim"))


def _shorten(value: Json) -> str:
    text = value if isinstance(value, str) else dumps(value)
    return text if len(text) <= MAX_VALUE_LENGTH else text[:MAX_VALUE_LENGTH] + " …"
