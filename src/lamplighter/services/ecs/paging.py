"""Lists in pages, as all of ECS's List operations have them.

A token is what the last item shown is found by; AWS calls it opaque.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lamplighter.base.json_text import Json
from lamplighter.services.ecs.errors import InvalidParameter

T = TypeVar("T")
MOST = 100


def page_size(params: Json) -> int:
    """How many items a page may have."""
    wanted = params.get("maxResults")
    if wanted is None:
        return MOST
    if not 1 <= wanted <= MOST:
        raise InvalidParameter(f"maxResults must be between 1 and {MOST}")
    return int(wanted)


def list_page(field: str, found: Sequence[T], size: int, show: Callable[[T], str], token: Callable[[T], str]) -> Json:
    """The answer: up to `size` items, and the next token if one more was found."""
    shown = found[:size]
    answer: Json = {field: [show(item) for item in shown]}
    if len(found) > size:
        answer["nextToken"] = token(shown[-1])
    return answer


def parse_token(text: str | None) -> int:
    """Read a token that is a key; 0 where there is none."""
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidParameter("Invalid token.")
    return int(text)
