"""Cut the lists of all services into pages, and read and write the tokens that lead to the next page.

A token holds the key of the last item of a page, so that a page stays right while items come and go. AWS calls tokens
opaque. A token that the engine cannot have made gets the service's own error.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads

T = TypeVar("T")
Key = TypeVar("Key")
NEWEST = 2**62
"""The key before which a list begins that has the newest item first; SQLite's integers have 64 bits."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How the lists of a service, or one of its lists, have pages."""

    invalid: Callable[[], AwsError]
    """Builds the error for an invalid token."""
    token_name: str = "NextToken"  # noqa: S105 - a name
    """The member of requests and answers that holds a token."""
    size_name: str = "MaxResults"
    """The parameter with the most items of a page."""
    default_size: int = 100
    """The most items of a page without that parameter."""
    wrong_size: Callable[[int], AwsError] | None = None
    """Builds the error for a size that is not from 1 to `default_size`; None: the models of AWS limit the size."""
    truncated_name: str = ""
    """The member that says whether there is another page; empty: there is none."""

    def page(
        self,
        field: str,
        params: Json,
        first: Key,
        read: Callable[[Key, int], Iterable[T]],
        show: Callable[[T], Json],
        key: Callable[[T], Key],
    ) -> Json:
        """Return the answer of a list operation: a page of a list, and a token if there is another page.

        `read` returns the items after a key, in their order; at most the given number of them are read. The first page
        begins after the key `first`.
        """
        found, more = self.cut(params, first, read, key)
        return {field: [show(each) for each in found], **more}

    def page_of_list(self, field: str, params: Json, items: Sequence[T], show: Callable[[T], Json]) -> Json:
        """Return a page of a complete list, in which the key of an item is its position, from 1 on."""

        def read(after: int, most: int) -> Iterable[tuple[int, T]]:
            return enumerate(items[after : after + most], after + 1)

        return self.page(field, params, 0, read, lambda each: show(each[1]), lambda each: each[0])

    def cut(
        self, params: Json, first: Key, read: Callable[[Key, int], Iterable[T]], key: Callable[[T], Key]
    ) -> tuple[list[T], Json]:
        """Return the items of a page, and the members of the answer that lead to the next page."""
        most = self.most(params)
        found = list(islice(read(self.start(params, first), most + 1), most + 1))
        return found[:most], self.more(key(found[most - 1]) if len(found) > most else None)

    def more(self, key: Json | None) -> Json:
        """Return the members of an answer that lead to the page after a key; None: there is no other page."""
        token = {} if key is None else {self.token_name: encode_token(key)}
        return token | ({self.truncated_name: key is not None} if self.truncated_name else {})

    def most(self, params: Json) -> int:
        """Return the most items of a page."""
        size: int | None = params.get(self.size_name)
        if self.wrong_size is not None and size is not None and not 1 <= size <= self.default_size:
            raise self.wrong_size(self.default_size)
        return size or self.default_size

    def start(self, params: Json, first: Key) -> Key:
        """Return the key after which a page begins: `first` without a token. Raises the service's error."""
        token = params.get(self.token_name)
        return first if not token else decode_token(token, first, self.invalid)


def encode_token(key: Json) -> str:
    """Return the token for the page after a key: a text, an integer, or a list of both."""
    return urlsafe_b64encode((key if isinstance(key, str) else dumps(key)).encode()).decode()


def decode_token(token: str, like: Key, invalid: Callable[[], AwsError]) -> Key:
    """Return the key in a token, which has the type of `like`. Raises the error of `invalid`."""
    try:
        text = b64decode(token.encode(), altchars=b"-_", validate=True).decode()
        key: Key = text if isinstance(like, str) else loads(text)  # type: ignore[assignment]
    except (ValueError, JsonError):
        raise invalid() from None
    if _types(key) != _types(like) or any(isinstance(each, int) and not 0 <= each <= NEWEST for each in _parts(key)):
        raise invalid()
    return key


def _parts(key: Json) -> list[Json]:
    return key if isinstance(key, list) else [key]


def _types(key: Json) -> list[type]:
    return [type(key), *map(type, _parts(key))]


def read_filtered(
    read: Callable[[Key, int], Sequence[T]], key: Callable[[T], Key], keep: Callable[[T], bool]
) -> Callable[[Key, int], Iterable[T]]:
    """Return a function that reads only the items to keep, in as many steps as it takes."""

    def read_kept(after: Key, most: int) -> Iterable[T]:
        while found := read(after, most):
            yield from filter(keep, found)
            if len(found) < most:
                return
            after = key(found[-1])

    return read_kept


def read_sorted(
    items: Iterable[T], key: Callable[[T], str], *, reverse: bool = False
) -> Callable[[str, int], Iterable[T]]:
    """Return a function that reads a complete list in the order of its keys, which are not empty; or in reverse."""
    ordered = sorted(items, key=key, reverse=reverse)

    def read(after: str, _most: int) -> Iterable[T]:
        return (each for each in ordered if not after or (key(each) < after if reverse else key(each) > after))

    return read
