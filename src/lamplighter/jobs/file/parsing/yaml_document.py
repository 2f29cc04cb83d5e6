"""Parse YAML into nodes that know where they were written.

Guarantees YAML 1.2's core schema (`yes`, `on` and `10:30` are text), except that a number with a leading zero is text,
because it is an identifier or a file's mode; and the line and column of every key and value.
Rejects duplicate keys, documents that become too large when aliases are expanded, and values that would lose characters
(`lost_characters.py`), such as tags.
See https://yaml.org/spec/1.2.2/#103-core-schema.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path as FilePath
from typing import Literal

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.lost_characters import IN_QUOTATION_MARKS, LostCharacterFinder, LostCharacters

Path = tuple[str | int, ...]
MAX_DEPTH = 60
MAX_VALUES = 400_000
"""The most values in a document: more than a person writes, fewer than nested aliases can produce."""


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class SourcePosition:
    """A position in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a job file: an error to fix, or a hint."""

    position: SourcePosition
    message: str
    advice: str
    """The advice: what to write instead."""
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.position}: {self.severity}: {self.message}\n    {self.advice}"


class JobFileError(LamplighterError):
    """A file with errors; str() lists all of its problems as readable text.

    `files` are the other files that it names, as far as they are known: an error may be in one of them.
    """

    def __init__(self, problems: list[Problem], files: Iterable[FilePath] = ()) -> None:
        self.problems = sorted(set(problems), key=lambda each: (each.position, each.message))
        self.files = frozenset(files)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value and where it is written; mappings and lists contain nodes again."""

    value: "dict[str, YamlNode] | list[YamlNode] | Json"
    position: SourcePosition
    key_position: SourcePosition | None = None
    """The position of the key, if the node is a value of a mapping."""
    written: str | None = None
    """The text of a number, of true or of false."""

    def plain(self) -> Json:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {name: part.plain() for name, part in self.value.items()}
        if isinstance(self.value, list):
            return [part.plain() for part in self.value]
        return self.value

    def kept(self) -> "dict[str, YamlNode] | list[YamlNode] | Json":
        """Return the value, or the text of a number, of true or of false that is written in an unusual form: 1.10."""
        usual = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        return self.value if self.written in (None, usual) else self.written

    def with_texts(self) -> "YamlNode":
        """Return the node with texts in place of all numbers and of true and false, as they were written."""
        if isinstance(self.value, dict):
            return replace(self, value={name: each.with_texts() for name, each in self.value.items()})
        if isinstance(self.value, list):
            return replace(self, value=[each.with_texts() for each in self.value])
        return self if self.written is None else replace(self, value=self.written)

    def mapping(self) -> "dict[str, YamlNode]":
        """Return the node's mapping, or an empty one if the node is not a mapping."""
        return self.value if isinstance(self.value, dict) else {}

    def find(self, path: Path) -> "YamlNode":
        """Return the node at a path, or the nearest existing node around it."""
        part = self
        for step in path:
            inner = part._step(step)
            if inner is not None:
                part = inner
            elif isinstance(step, str):
                break
        return part

    def _step(self, step: str | int) -> "YamlNode | None":
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            found: YamlNode = self.value[step]
            return found
        return None


class _CoreLoader(yaml.SafeLoader):
    """A loader that resolves plain scalars by YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def parse_yaml(text: str, file: str) -> YamlNode:
    """Parse YAML. Raises `JobFileError`."""
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = SourcePosition(file, mark.line + 1, mark.column + 1) if mark else SourcePosition(file, 1, 1)
        reason = error.problem or "this is not YAML"
        raise JobFileError([_syntax_problem(position, reason, error.context or "")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise JobFileError([_syntax_problem(SourcePosition(file, 1, 1), " ".join(str(error).split()))]) from None
    if node is None:
        return YamlNode({}, SourcePosition(file, 1, 1))
    reader = _Reader(file)
    part = reader.build(node, None, ())
    reader.report(reader.finder.unused_anchors())
    if reader.problems:
        raise JobFileError(reader.problems)
    return part


def _syntax_problem(position: SourcePosition, reason: str, context: str = "") -> Problem:
    advice = "look for indentation, quotation marks and colons here"
    if "another document" in reason:
        return Problem(
            position, "a second document begins here", "keep one document; put the differences into `environments:`"
        )
    if "'?'" in reason:
        advice = "put quotation marks around cron(…) inside { } and [ ]"
    elif "'@'" in reason or "scanning an alias" in context:
        advice = "put quotation marks around what begins with @ or *: schedule: '*/5 * * * *'"
    return Problem(position, f"this cannot be read as YAML: {reason}", advice)


@dataclass(slots=True)
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)
    finder: LostCharacterFinder = field(default_factory=LostCharacterFinder)
    built: int = 0

    def report(self, lost: Iterable[LostCharacters]) -> None:
        """Report characters that values lose."""
        self.problems += [Problem(self._position(mark), what, IN_QUOTATION_MARKS) for mark, what in lost]

    def build(self, node: Node, key: SourcePosition | None, within: tuple[int, ...]) -> YamlNode:
        position = self._position(node.start_mark)
        self.built += 1
        if id(node) in within or self.built > MAX_VALUES or len(within) > MAX_DEPTH:
            raise JobFileError(
                [Problem(position, "these aliases have no end", "write the values instead of the aliases")]
            )
        self.report(self.finder.visit(node))
        inside = (*within, id(node))
        if isinstance(node, MappingNode):
            return YamlNode(self._mapping(node, inside), position, key)
        if isinstance(node, SequenceNode):
            return YamlNode([self.build(item, None, inside) for item in node.value], position, key)
        assert isinstance(node, ScalarNode)
        value = self._scalar(node, position)
        return YamlNode(value, position, key, node.value if isinstance(value, (bool, int, float)) else None)

    def _position(self, mark: yaml.Mark) -> SourcePosition:
        return SourcePosition(self.file, mark.line + 1, mark.column + 1)

    def _mapping(self, node: MappingNode, within: tuple[int, ...]) -> dict[str, YamlNode]:
        built: dict[str, YamlNode] = {}
        for key, value in node.value:
            position = self._position(key.start_mark)
            self.report(self.finder.visit(key))
            if not isinstance(key, ScalarNode):
                self.problems.append(Problem(position, "a key must be text", "write a word here"))
                continue
            name = self._combine_surrogates(str(key.value), position)
            if name == "<<":
                self.problems.append(
                    Problem(position, "YAML 1.2 has no merge key", "repeat the values, or put them into `defaults:`")
                )
                continue
            if name in built:
                self.problems.append(Problem(position, f"`{name}` is set twice here", "keep one of the two"))
            built[name] = self.build(value, position, within)
        return built

    def _combine_surrogates(self, text: str, position: SourcePosition) -> str:
        """Return the text with JSON's surrogate pairs combined into characters."""
        if not any("\ud800" <= letter <= "\udfff" for letter in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.problems.append(Problem(position, "this is half a character", "write \\u twice, or the character"))
            return ""

    def _number(self, text: str, position: SourcePosition, *, is_integer: bool) -> Json:
        try:
            number = int(text, 0 if text[:2] in ("0o", "0x") else 10) if is_integer else float(text)
        except ValueError:  # .inf, .nan, or a text that only its refused tag declares a number
            advice = "write another one, or put it in quotation marks if it is text"
            self.problems.append(Problem(position, f"{text or 'nothing'} is not a JSON number", advice))
            return text
        if not is_integer and not isfinite(number):
            self.problems.append(Problem(position, f"{text} is too large", "write a smaller one, or text"))
            return text
        return number

    def _scalar(self, node: ScalarNode, position: SourcePosition) -> Json:
        text: str = node.value
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float" as kind:
                return self._number(text, position, is_integer=kind == "int")
        return self._combine_surrogates(text, position)
