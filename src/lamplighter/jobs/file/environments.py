"""Apply environments, defaults and variables to a job file.

Guarantees one rule: mappings are merged key by key, any other value is replaced, and `key: null` removes an inherited
value. Each part keeps the position where it was written. `${name}` is the value of a variable. `${name:-text}` has a
default for a variable without a value. `$${name}` becomes `${name}`, for the shell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.yaml_document import Problem, YamlNode

TEXT_KEYS = frozenset({"environment", "tags", "command", "entrypoint", "ready", "user", "account"})
"""The keys under which every value is text: for a program, or with digits that are no number."""
DATA_KEYS = frozenset({"input", "variables"})
"""The keys whose values are data with names of their own."""
NAMING_KEYS = frozenset({"jobs", "channels", "environments", "sidecars"})
"""The keys under which each key is a name."""
_VARIABLE_REFERENCE = re.compile(r"\$?\$\{(?P<name>[^}:]*)(?P<default>:-(?P<text>[^}]*))?\}")


def apply_overlay(base: YamlNode, overlay: YamlNode) -> YamlNode:
    """Merge two parts of a file; a value of `overlay` replaces the value of `base`."""
    if not isinstance(base.value, dict) or not isinstance(overlay.value, dict):
        return overlay
    merged = dict(base.value)
    for name, part in overlay.value.items():
        merged[name] = apply_overlay(merged[name], part) if name in merged else part
    return YamlNode(merged, overlay.position, overlay.key_position)


def keep_texts(part: YamlNode, key: str = "") -> YamlNode:
    """Return the part under a key with the values of TEXT_KEYS as they were written: 1.10 and True are texts there."""
    if key in TEXT_KEYS:
        return part.with_texts()
    if key in DATA_KEYS or not isinstance(part.value, dict):
        return part
    kept = {name: keep_texts(each, "" if key in NAMING_KEYS else name) for name, each in part.value.items()}
    return replace(part, value=kept)


def drop_nulls(part: YamlNode) -> YamlNode:
    """Return the part without the keys that are null."""
    if not isinstance(part.value, dict):
        return part
    return replace(part, value={name: drop_nulls(each) for name, each in part.value.items() if each.value is not None})


@dataclass(slots=True)
class VariableFiller:
    """The values of variables, and the problems found while references are replaced by them."""

    values: Mapping[str, Json]
    problems: list[Problem] = field(default_factory=list)

    def fill(self, part: YamlNode) -> YamlNode:
        """Return the part with its variables replaced; a text that is only a reference becomes the variable's value."""
        if isinstance(part.value, dict):
            return replace(part, value={name: self.fill(each) for name, each in part.value.items()})
        if isinstance(part.value, list):
            return replace(part, value=[self.fill(each) for each in part.value])
        if not isinstance(part.value, str) or "${" not in part.value:
            return part
        match = _VARIABLE_REFERENCE.fullmatch(part.value)
        if match and not match[0].startswith("$$"):
            return replace(part, value=self._variable_value(part, match))
        return replace(
            part, value=_VARIABLE_REFERENCE.sub(lambda found: _text(self._replacement(part, found)), part.value)
        )

    def _replacement(self, part: YamlNode, found: re.Match[str]) -> Json:
        return found[0][1:] if found[0].startswith("$$") else self._variable_value(part, found)

    def _variable_value(self, part: YamlNode, found: re.Match[str]) -> Json:
        name = found["name"]
        if self.values.get(name) is not None:
            return self.values[name]
        if found["default"]:
            return found["text"]
        self.problems.append(
            Problem(part.position, f"no variable `{name}` has a value", _missing_variable_advice(name, self.values))
        )
        return found[0]


def _missing_variable_advice(name: str, known: Mapping[str, Json]) -> str:
    close = get_close_matches(name, [each for each, value in known.items() if value is not None], 1)
    suggestion = f"did you mean ${{{close[0]}}}? " if close else ""
    return f"{suggestion}give it one under `variables:`, or write $${{{name}}} if the shell is to fill it in"


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
