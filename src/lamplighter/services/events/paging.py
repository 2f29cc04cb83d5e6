"""List named resources in pages, in order of their keys.

This engine's tokens name the key after which a page begins. AWS's tokens are offsets, 128 bytes long. They are
accepted, too: a listing that began on AWS can continue here.
"""

import sys
from base64 import b64decode
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages, read_filtered
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader

T = TypeVar("T")

PAGES = Pages(lambda: ValidationError("Parameter NextToken is not valid."), size_name="Limit")
OFFSET_TOKEN_BYTES = 128
"""The number of bytes in one of AWS's tokens, which is one big number."""


FILTERS = ("State", "EventSourceArn", "NamePrefix")


def check_one_filter(params: Json, operation: str) -> None:
    """Raise ValidationException for several filters of archives or replays: "Filter parameters are exclusive"."""
    if sum(name in params for name in FILTERS) > 1:
        reason = "Use either : State, EventSourceArn, or NamePrefix."
        raise ValidationError(f"At most one filter is allowed for {operation}. {reason}")


def cut_page(
    params: Json,
    read: Callable[[str, int], Sequence[T]],
    key: Callable[[T], str],
    keep: Callable[[T], bool] = lambda _item: True,
) -> tuple[list[T], Json]:
    """Return the items of a page for which `keep` returns True, and the answer's `NextToken` if there is another page.

    `read` returns a number of items after a key, in order of their keys.
    """
    read_kept, offset = read_filtered(read, key, keep), _offset(params.get("NextToken", ""))
    if offset is None:
        return PAGES.cut(params, "", read_kept, key)
    rest = {name: value for name, value in params.items() if name != "NextToken"}
    return PAGES.cut(rest, "", lambda after, most: islice(read_kept(after, most), offset, None), key)


def _offset(token: str) -> int | None:
    """Return the number of items that a token of AWS skips; None: the token is none of AWS."""
    try:
        found = b64decode(token.encode(), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # No key begins with a zero byte.
    is_offset = len(found) == OFFSET_TOKEN_BYTES and found[0] == 0
    return min(int.from_bytes(found), sys.maxsize) if is_offset else None


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
