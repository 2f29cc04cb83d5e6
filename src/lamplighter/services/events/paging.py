"""List named resources in pages, in order of their keys.

This engine's tokens name the key after which a page begins. AWS's tokens are offsets, 128 bytes long. They are
accepted, too: a listing that began on AWS can continue here.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
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
OFFSET_TOKEN_BYTES = 128
"""The number of bytes in one of AWS's tokens, which is one big number."""


FILTERS = ("State", "EventSourceArn", "NamePrefix")


def check_one_filter(params: Json, operation: str) -> None:
    """Raise ValidationException for several filters of archives or replays: "Filter parameters are exclusive"."""
    if sum(name in params for name in FILTERS) > 1:
        reason = "Use either : State, EventSourceArn, or NamePrefix."
        raise ValidationError(f"At most one filter is allowed for {operation}. {reason}")


def page_start(params: Json) -> tuple[str, int]:
    """Return the key after which a page begins, and the number of items to skip, if the token is AWS's."""
    try:
        found = b64decode(params.get("NextToken", "").encode(), altchars=b"-_", validate=True)
        # No key begins with a zero byte.
        if len(found) == OFFSET_TOKEN_BYTES and found[0] == 0:
            return "", int.from_bytes(found)
        return found.decode(), 0
    except ValueError:
        raise ValidationError("Parameter NextToken is not valid.") from None


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
    (after, to_skip), most, kept = page_start(params), params.get("Limit", DEFAULT_PAGE_SIZE), list[T]()
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
