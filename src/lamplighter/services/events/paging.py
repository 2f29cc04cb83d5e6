"""List named resources in pages, in order of their keys.

This engine's tokens name the key after which a page begins. AWS's tokens are offsets, 128 bytes long. They are
accepted, too: a listing that began on AWS can continue here.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.paging import encode_token
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 100
"""The number of items in a page if the request does not limit it."""
OFFSET_TOKEN_BYTES = 128
"""The number of bytes in one of AWS's tokens, which is one big number."""


@dataclass(frozen=True, slots=True)
class PageStart:
    """The place where a page begins."""

    after: str = ""
    """The key of the last item of the previous page."""
    skipped: int = 0
    """The number of items before the page, if the token is AWS's."""


def page_start(params: Json) -> PageStart:
    """Return where a page begins. Raises `ValidationError` if the token is invalid."""
    try:
        found = b64decode(params.get("NextToken", "").encode(), altchars=b"-_", validate=True)
        # No key begins with a zero byte.
        if len(found) == OFFSET_TOKEN_BYTES and found[0] == 0:
            return PageStart(skipped=int.from_bytes(found))
        return PageStart(after=found.decode())
    except (ValueError, Base64Error):
        raise ValidationError("Parameter NextToken is not valid.") from None


def page_size(params: Json) -> int:
    """Return the number of items in a page."""
    limit: int = params.get("Limit", DEFAULT_PAGE_SIZE)
    return limit


def cut_page(
    params: Json,
    read: Callable[[str, int], Sequence[T]],
    key: Callable[[T], str],
    keep: Callable[[T], bool] = lambda _item: True,
) -> tuple[list[T], Json]:
    """Return the items of a page, and the answer's `NextToken` if there is another page.

    `read` returns a number of items after a key, in order of their keys. Items for which `keep` returns False are left
    out.
    """
    begin, most = page_start(params), page_size(params)
    after, to_skip, kept = begin.after, begin.skipped, list[T]()
    while len(kept) <= most:
        found = read(after, most + 1)
        chosen = [item for item in found if keep(item)]
        kept += chosen[to_skip:]
        to_skip = max(0, to_skip - len(chosen))
        if len(found) <= most:
            break
        after = key(found[-1])
    more = {"NextToken": encode_token(key(kept[most - 1]))} if len(kept) > most else {}
    return kept[:most], more


def resource_page(
    reader: Reader,
    caller: Caller,
    kind: str,
    params: Json,
    show: Callable[[Resource], Json],
    *,
    scope: str = "",
    keep: Callable[[Resource], bool] = lambda _resource: True,
) -> tuple[list[Json], Json]:
    """Return a page of a caller's resources of one kind, and the answer's `NextToken` if there is another page."""
    prefix = params.get("NamePrefix", "")

    def read(after: str, most: int) -> list[Resource]:
        return rows.page(reader, kind, caller.account, caller.region, after, most, scope=scope, prefix=prefix)

    kept, more = cut_page(params, read, lambda resource: resource.name, keep)
    return [show(resource) for resource in kept], more
