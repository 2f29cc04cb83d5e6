"""Read the size and the token of a page from the parameters of a List operation."""

from lamplighter.base.json_text import Json
from lamplighter.operations.paging import decode_number
from lamplighter.services.ecs.errors import InvalidParameter

MAX_PAGE_SIZE = 100


def page_size(params: Json, largest: int = MAX_PAGE_SIZE) -> int:
    """Return the most items on a page; raises InvalidParameter if `maxResults` is out of range."""
    size: int = params.get("maxResults", largest)
    if not 1 <= size <= largest:
        raise InvalidParameter(f"maxResults must be between 1 and {largest}")
    return size


def parse_token(text: str | None) -> int:
    """Return the key in a token, or 0 without a token; raises InvalidParameter."""
    return decode_number(text, lambda: InvalidParameter("Invalid token.")) or 0
