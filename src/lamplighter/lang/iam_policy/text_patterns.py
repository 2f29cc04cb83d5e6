"""Match the texts of IAM policies: wildcards, ARNs, and policy variables such as ${aws:PrincipalArn}.

The value of a variable is plain text, even if it contains a wildcard. A variable without a value and without a default
matches nothing.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from lamplighter.base.json_text import Json
from lamplighter.lang.wildcard import Matches, compile_pieces

ContextValue = str | tuple[str, ...]
Context = Mapping[str, ContextValue]
"""The values of condition keys, by their names in lower case; a key with several values has a tuple."""
MatchesInContext = Callable[[str, Context], bool]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
"""Variables that stand for a character which has a meaning in patterns."""
_QUESTION_MARK = "\ufdd0"
"""Stands for a literal question mark while a pattern with variables is matched; no text contains this noncharacter."""


def as_list(value: Json) -> list[Json]:
    """Return a value of a policy, which may be one item or a list, as a list."""
    return value if isinstance(value, list) else [value]


def matches_pattern(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether a text matches a pattern in which * is any text and ? any character."""
    return compile_pattern(pattern.lower())(value.lower()) if ignore_case else compile_pattern(pattern)(value)


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Matches:
    """Return a test whether a text matches a pattern."""
    return compile_pieces(pattern.split("*"), single=True)


def matches_arn(pattern: str, value: str) -> bool:
    """Return whether an ARN matches: "Each of the six colon-delimited components of the ARN is checked separately"."""
    pattern_parts, value_parts = pattern.split(":", 5), value.split(":", 5)
    return len(pattern_parts) == len(value_parts) == 6 and all(
        matches_pattern(*pair) for pair in zip(pattern_parts, value_parts, strict=True)
    )


def has_variables(pattern: str) -> bool:
    """Return whether a text of a policy contains policy variables."""
    return "${" in pattern


def compile_with_variables(pattern: str) -> MatchesInContext:
    """Return a test whether a text matches a pattern whose variables have their values in a context."""
    parts = _VARIABLE.split(pattern)

    def matches(value: str, context: Context) -> bool:
        pieces = [""]
        for at, part in enumerate(parts):
            if at % 2:
                found = variable_value(part, context)
                if found is None:
                    return False
                pieces[-1] += found.replace("?", _QUESTION_MARK)
            else:
                first, *others = part.split("*")
                pieces[-1] += first
                pieces += others
        return compile_pieces(pieces, single=True)(value.replace("?", _QUESTION_MARK))

    return matches


def substitute_variables(text: str, context: Context) -> str | None:
    """Return a text with the values of its variables, or None if a variable has no value."""
    if not has_variables(text):
        return text
    parts = _VARIABLE.split(text)
    values = [variable_value(part, context) if at % 2 else part for at, part in enumerate(parts)]
    return None if None in values else "".join(each or "" for each in values)


def variable_value(name: str, context: Context) -> str | None:
    """Return the value of a variable, or its default; None if it has neither, or several values."""
    if name in _LITERALS:
        return _LITERALS[name]
    with_default = _WITH_DEFAULT.fullmatch(name)
    key, default = with_default.groups() if with_default else (name.strip(), None)
    found = context.get(key.lower())
    return found if isinstance(found, str) else default
