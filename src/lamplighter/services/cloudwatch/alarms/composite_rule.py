"""Parse the rule of a composite alarm: `ALARM_PROPERTIES(cpu) AND NOT (OK("disk") OR FALSE)`.

Guarantees that a rule is parsed once and can then be evaluated for any states of its alarms. NOT binds strongest, OR
weakest. See AlarmRule in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamplighter.services.cloudwatch.errors import InvalidRequest

StateOf = Callable[[str], str]
Condition = Callable[[StateOf], bool]

TOKEN = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^()"\s][^()"]*?))\s*\)'
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))\s*"
)
MAX_ELEMENTS, MAX_ALARMS = 500, 100
MAX_DEPTH = 50
"""The most levels of nested brackets and NOTs."""


@dataclass(frozen=True, slots=True)
class CompositeRule:
    """A parsed rule."""

    names: Sequence[str]
    """The names or ARNs of the alarms in the rule, each once."""
    holds: Condition


def parse_rule(text: str) -> CompositeRule:
    """Parse a rule; raise `InvalidRequest` if it is invalid."""
    reader = _Parser(text)
    holds = reader.parse()
    return CompositeRule(tuple(dict.fromkeys(reader.names)), holds)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0
        self.names: list[str] = []

    def parse(self) -> Condition:
        holds = self._parse_or()
        if self._position < len(self._tokens):
            raise InvalidRequest(
                f"AlarmRule has unexpected text after its end: {self._tokens[self._position][0].strip()}"
            )
        if len(set(self.names)) > MAX_ALARMS:
            raise InvalidRequest(f"AlarmRule can name at most {MAX_ALARMS} alarms.")
        return holds

    def _accept(self, *words: str) -> bool:
        """Consume the next token if it is one of these words, and return whether it was."""
        found = self._position < len(self._tokens) and self._tokens[self._position][0].strip() in words
        self._position += found
        return found

    def _parse_or(self) -> Condition:
        parts = [self._parse_and()]
        while self._accept("OR"):
            parts.append(self._parse_and())
        return lambda states: any(part(states) for part in parts)

    def _parse_and(self) -> Condition:
        parts = [self._parse_operand()]
        while self._accept("AND"):
            parts.append(self._parse_operand())
        return lambda states: all(part(states) for part in parts)

    def _parse_operand(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidRequest(f"AlarmRule is nested more than {MAX_DEPTH} levels deep.")
        holds = self._parse_primary()
        self._depth -= 1
        return holds

    def _parse_primary(self) -> Condition:
        if self._accept("NOT"):
            inner = self._parse_operand()
            return lambda states: not inner(states)
        if self._accept("("):
            inner = self._parse_or()
            if not self._accept(")"):
                raise InvalidRequest("AlarmRule is missing a closing bracket.")
            return inner
        if self._accept("TRUE"):
            return lambda _states: True
        if self._accept("FALSE"):
            return lambda _states: False
        if self._position == len(self._tokens) or self._tokens[self._position]["state"] is None:
            raise InvalidRequest("AlarmRule is missing an alarm, such as ALARM(name).")
        token = self._tokens[self._position]
        self._position += 1
        state, name = token["state"], token["quoted"] or token["bare"]
        self.names.append(name)
        return lambda states: states(name) == state


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or len(found) == 2 * MAX_ELEMENTS:
            raise InvalidRequest(f"AlarmRule has a syntax error at: {text[at : at + 40]}")
        found.append(match)
        at = match.end()
    return found
