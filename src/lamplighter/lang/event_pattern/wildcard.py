r"""The wildcards of an event pattern: `*` stands for any characters, `\*` for an asterisk and `\\` for a backslash.

Promises a match in one pass, whatever the pattern (`lang/wildcard.py`). Refuses patterns that could be in many places
of themselves at once, as EventBridge does; how many are too many is not documented: ours refuses what AWS is recorded
to refuse. See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
"""

from collections.abc import Sequence

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.wildcard import Matches, compile_pieces, split_wildcard

COMPLEXITY = 10
"""From how many places at once on a pattern is too complex."""
STATES = 10_000
"""How many sets of such places are looked at; a pattern of the 4,096 characters that AWS takes has fewer."""

STAR = None
Item = str | None
"""A character, or STAR."""


class InvalidWildcard(LamplighterError):
    """The text is no pattern; its text is AWS's reason."""

    def __init__(self, reason: str, *, located: bool = True) -> None:
        super().__init__(reason)
        self.located = located
        """Whether AWS says where in the pattern."""


def compile_wildcard(text: str) -> Matches:
    """A test whether a text fits the pattern as a whole."""
    items = _read(text)
    if _complexity(items) >= COMPLEXITY:
        reason = (
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
            "after a wildcard character"
        )
        raise InvalidWildcard(reason, located=False)
    return compile_pieces(split_wildcard(text))


def _read(text: str) -> list[Item]:
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
    """Where AWS says it is: in bytes, of the text in its quotes."""
    return len(text[:at].encode(errors="surrogatepass")) + 1


def _complexity(items: Sequence[Item]) -> int:
    """In how many places of itself the pattern can be at once, for the input that is worst for it.

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
        if worst >= COMPLEXITY or len(seen) > STATES:
            return COMPLEXITY
        left += [_after(items, places, letter) for letter in _awaited(items, places)]
    return worst


def _awaited(items: Sequence[Item], places: frozenset[int]) -> set[Item]:
    """The characters that make a difference in these places; STAR: one that no literal is."""
    steps = (step for place in places for step in (place + 1, place + 2) if step < len(items))
    return {STAR, *(items[step] for step in steps)}


def _after(items: Sequence[Item], places: frozenset[int], letter: Item) -> frozenset[int]:
    """Where it can be after one more character; STAR: one that no literal is."""
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
