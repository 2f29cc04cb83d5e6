r"""Compile the wildcards of an event pattern.

`*` stands for any characters, `\*` for an asterisk and `\\` for a backslash. Guarantees a match in one pass for every
pattern (`lang/wildcard.py`). Like EventBridge, rejects a pattern in which a match can be at too many places
simultaneously. AWS does not document how many are too many; the limit here rejects what AWS is recorded to reject.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
"""

from collections.abc import Sequence

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.wildcard import Matches, compile_pieces, split_wildcard

COMPLEXITY_LIMIT = 10
"""The number of simultaneous places at which a pattern is too complex."""
MAX_STATES = 10_000
"""The most sets of places that the check examines; a pattern of 4,096 characters, AWS's limit, has fewer."""

STAR = None
Item = str | None
"""A character of a pattern, or STAR."""


class InvalidWildcard(LamplighterError):
    """A text that is not a valid pattern; str() is AWS's reason."""

    def __init__(self, reason: str, *, located: bool = True) -> None:
        super().__init__(reason)
        self.located = located
        """Whether AWS's message states the position in the pattern."""


def compile_wildcard(text: str) -> Matches:
    """Return a test whether a whole text matches the pattern. Raises `InvalidWildcard`."""
    items = _parse(text)
    if _complexity(items) >= COMPLEXITY_LIMIT:
        reason = (
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
            "after a wildcard character"
        )
        raise InvalidWildcard(reason, located=False)
    return compile_pieces(split_wildcard(text))


def _parse(text: str) -> list[Item]:
    items: list[Item] = []
    at = 0
    while at < len(text):
        here, after = text[at], text[at + 1 : at + 2]
        if here == "*" and after == "*":
            raise InvalidWildcard(f"Consecutive wildcard characters at pos {_position(text, at)}")
        if here == "\\" and (not after or after not in "*\\"):
            raise InvalidWildcard(f"Invalid escape character at pos {_position(text, at)}")
        items.append(STAR if here == "*" else after if here == "\\" else here)
        at += 2 if here == "\\" else 1
    return items


def _position(text: str, at: int) -> int:
    """Return the position that AWS reports: in bytes, counted from the opening quotation mark."""
    return len(text[:at].encode(errors="surrogatepass")) + 1


def _complexity(items: Sequence[Item]) -> int:
    """Return the most places at which a match can be simultaneously, for the worst input.

    A place is the item that took the last character, or a wildcard that may take the next one.
    """
    worst, seen, left = 0, {frozenset[int]()}, [frozenset({-1})]
    while left:
        places = left.pop()
        if places in seen:
            continue
        seen.add(places)
        waiting = {place + 1 for place in places if place + 1 < len(items) and items[place + 1] is STAR}
        worst = max(worst, len(places | waiting))
        if worst >= COMPLEXITY_LIMIT or len(seen) > MAX_STATES:
            return COMPLEXITY_LIMIT
        left += [_next_places(items, places, letter) for letter in _relevant_characters(items, places)]
    return worst


def _relevant_characters(items: Sequence[Item], places: frozenset[int]) -> set[Item]:
    """Return the characters that make a difference at these places; STAR stands for one that equals no literal."""
    steps = (step for place in places for step in (place + 1, place + 2) if step < len(items))
    return {STAR, *(items[step] for step in steps)}


def _next_places(items: Sequence[Item], places: frozenset[int], letter: Item) -> frozenset[int]:
    """Return the places after one more character; STAR stands for one that equals no literal."""
    found = set()
    for place in places:
        if place >= 0 and items[place] is STAR:
            found.add(place)
        for step in (place + 1, place + 2):
            if step < len(items) and items[step] in (letter, STAR):
                found.add(step)
            if step >= len(items) or items[step] is not STAR:
                break
    return frozenset(found)
