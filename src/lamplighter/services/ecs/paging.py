"""Return lists in pages, as all List operations of ECS do.

A token is the key of the last item on a page; AWS calls tokens opaque.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.errors import InvalidParameter

T = TypeVar("T")
MOST = 100


def page_size(params: Json) -> int:
    """Return the most items on a page; raises InvalidParameter if `maxResults` is out of range."""
    wanted = params.get("maxResults")
    if wanted is None:
        return MOST
    if not 1 <= wanted <= MOST:
        raise InvalidParameter(f"maxResults must be between 1 and {MOST}")
    return int(wanted)


def list_page(field: str, found: Sequence[T], size: int, show: Callable[[T], str], token: Callable[[T], str]) -> Json:
    """Build a List operation's answer: up to `size` items, and the next token if `found` has one item more."""
    shown = found[:size]
    answer: Json = {field: [show(item) for item in shown]}
    if len(found) > size:
        answer["nextToken"] = token(shown[-1])
    return answer


def parse_token(text: str | None) -> int:
    """Return the key in a token, or 0 without a token; raises InvalidParameter."""
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidParameter("Invalid token.")
    return int(text)
