"""Read the size and the token of a page from the parameters of a List operation."""

from lamplighter.base.json_text import Json
from lamplighter.operations.paging import decode_number
from lamplighter.services.ecs.errors import InvalidParameter

MAX_PAGE_SIZE = 100


def page_size(params: Json) -> int:
    """Return the most items on a page; raises InvalidParameter if `maxResults` is out of range."""
    size: int = params.get("maxResults", MAX_PAGE_SIZE)
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidParameter(f"maxResults must be between 1 and {MAX_PAGE_SIZE}")
    return size


def parse_token(text: str | None) -> int:
    """Return the key in a token, or 0 without a token; raises InvalidParameter."""
    return decode_number(text, lambda: InvalidParameter("Invalid token.")) or 0
