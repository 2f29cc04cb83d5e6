"""Lists of what has a name, a page at a time, by key.

Our tokens name the key after which a page begins. Those of AWS are offsets, 128 bytes long, and are understood as well:
what was begun there goes on here.
"""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader

T = TypeVar("T")

LIMIT = 100
"""How many items a page has where nobody says."""
OFFSET = 128
"""Bytes of a token of AWS's: one big number."""


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page begins."""

    after: str = ""
    """The key of the last item of the page before."""
    skipped: int = 0
    """How many items come before, where it is known by their number."""


def page_start(params: Json) -> PageStart:
    """Where a page begins; ValidationError where its token is none."""
    try:
        found = b64decode(params.get("NextToken", "").encode(), altchars=b"-_", validate=True)
        # No key begins with a zero byte.
        if len(found) == OFFSET and found[0] == 0:
            return PageStart(skipped=int.from_bytes(found))
        return PageStart(after=found.decode())
    except (ValueError, Base64Error):
        raise ValidationError("Parameter NextToken is not valid.") from None


def page_size(params: Json) -> int:
    """How many items a page has."""
    limit: int = params.get("Limit", LIMIT)
    return limit


def cut_page(
    params: Json,
    read: Callable[[str, int], Sequence[T]],
    key: Callable[[T], str],
    keep: Callable[[T], bool] = lambda _item: True,
) -> tuple[list[T], Json]:
    """A page of what is read after a key, so many at a time, in order of key; and where the next one begins."""
    begin, most = page_start(params), page_size(params)
    after, left, kept = begin.after, begin.skipped, list[T]()
    while len(kept) <= most:
        found = read(after, most + 1)
        chosen = [item for item in found if keep(item)]
        kept += chosen[left:]
        left = max(0, left - len(chosen))
        if len(found) <= most:
            break
        after = key(found[-1])
    more = {"NextToken": urlsafe_b64encode(key(kept[most - 1]).encode()).decode()} if len(kept) > most else {}
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
    """A page of what a caller has of a kind, and where the next one begins."""
    prefix = params.get("NamePrefix", "")

    def read(after: str, most: int) -> list[Resource]:
        return rows.page(reader, kind, caller.account, caller.region, after, most, scope=scope, prefix=prefix)

    kept, more = cut_page(params, read, lambda resource: resource.name, keep)
    return [show(resource) for resource in kept], more
