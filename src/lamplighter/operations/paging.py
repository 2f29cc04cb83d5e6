"""Return lists in pages, and read and write the tokens that lead to the next page.

A token names the last item of a page, so that a page stays right while items come and go. AWS calls tokens opaque.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json

T = TypeVar("T")
MAX_DIGITS = 18
"""The most digits of a number in a token: SQLite's integers have 64 bits."""


def list_page(field: str, found: Iterable[T], size: int, show: Callable[[T], Json], token: Callable[[T], str]) -> Json:
    """Return the answer of a list operation: at most `size` items, and a token if `found` has one item more.

    `found` yields the items from the first one of this page on; at most `size + 1` of them are read. The token's name
    begins with a capital letter if the list's name does.
    """
    shown: list[T] = []
    for item in found:
        if len(shown) == size:
            next_page_field = "NextToken" if field[0].isupper() else "nextToken"
            return {field: [show(each) for each in shown], next_page_field: token(shown[-1])}
        shown.append(item)
    return {field: [show(each) for each in shown]}


def encode_token(key: str) -> str:
    """Return the token for the page after a key."""
    return urlsafe_b64encode(key.encode()).decode()


def decode_token(token: str | None, invalid: Callable[[], AwsError]) -> str:
    """Return the key after which a page begins, or an empty text without a token. Raises the error of `invalid`."""
    try:
        return b64decode((token or "").encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise invalid() from None


def decode_number(token: str | None, invalid: Callable[[], AwsError]) -> int | None:
    """Return the number that a token consists of, or None without a token. Raises the error of `invalid`."""
    if token is None:
        return None
    if not token.isascii() or not token.isdecimal() or len(token) > MAX_DIGITS:
        raise invalid()
    return int(token)
