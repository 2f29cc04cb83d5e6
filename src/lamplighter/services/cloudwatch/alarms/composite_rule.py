"""Parse the rule of a composite alarm: `ALARM(cpu) AND NOT (OK("disk") OR FALSE)`.

Guarantees that a rule is parsed once and can then be evaluated for any states of its alarms. NOT binds strongest, OR
weakest. See AlarmRule in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamplighter.services.cloudwatch.errors import InvalidRule

States = Callable[[str], str]
"""A function that returns the state of an alarm by the name or ARN in the rule."""
Holds = Callable[[States], bool]

TOKEN = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^()"\s][^()"]*?))\s*\)'
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))\s*"
)
MOST_ELEMENTS, MOST_ALARMS = 500, 100
DEEPEST = 50
"""The most levels of nested brackets and NOTs."""


@dataclass(frozen=True, slots=True)
class CompositeRule:
    """A parsed rule."""

    names: Sequence[str]
    """The names or ARNs of the alarms in the rule, each once."""
    holds: Holds


def read_rule(text: str) -> CompositeRule:
    """Parse a rule; raise `InvalidRule` if it is invalid."""
    reader = _Reader(text)
    holds = reader.read()
    return CompositeRule(tuple(dict.fromkeys(reader.names)), holds)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self.names: list[str] = []

    def read(self) -> Holds:
        holds = self._either()
        if self._at < len(self._tokens):
            raise InvalidRule(f"AlarmRule has unexpected text after its end: {self._tokens[self._at][0].strip()}")
        if len(set(self.names)) > MOST_ALARMS:
            raise InvalidRule(f"AlarmRule can name at most {MOST_ALARMS} alarms.")
        return holds

    def _take(self, *words: str) -> bool:
        """Consume the next token if it is one of these words, and return whether it was."""
        found = self._at < len(self._tokens) and self._tokens[self._at][0].strip() in words
        self._at += found
        return found

    def _either(self) -> Holds:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return lambda states: any(part(states) for part in parts)

    def _both(self) -> Holds:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return lambda states: all(part(states) for part in parts)

    def _one(self) -> Holds:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidRule(f"AlarmRule is nested more than {DEEPEST} levels deep.")
        holds = self._plain()
        self._depth -= 1
        return holds

    def _plain(self) -> Holds:
        if self._take("NOT"):
            inner = self._one()
            return lambda states: not inner(states)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise InvalidRule("AlarmRule is missing a closing bracket.")
            return inner
        if self._take("TRUE"):
            return lambda _states: True
        if self._take("FALSE"):
            return lambda _states: False
        if self._at == len(self._tokens) or self._tokens[self._at]["state"] is None:
            raise InvalidRule("AlarmRule is missing an alarm, such as ALARM(name).")
        token = self._tokens[self._at]
        self._at += 1
        state, name = token["state"], token["quoted"] or token["bare"]
        self.names.append(name)
        return lambda states: states(name) == state


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or len(found) == 2 * MOST_ELEMENTS:
            raise InvalidRule(f"AlarmRule has a syntax error at: {text[at : at + 40]}")
        found.append(match)
        at = match.end()
    return found
