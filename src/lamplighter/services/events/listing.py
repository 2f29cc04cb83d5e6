"""Lists of what has a name, a page at a time, by key."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable

from lamplighter.base.errors import ValidationError
from lamplighter.base.jsontext import Json
from lamplighter.bus import Caller
from lamplighter.store import eventresources as rows
from lamplighter.store.db import Reader
from lamplighter.store.eventresources import Resource

LIMIT = 100
"""How many items a page has where nobody says."""


def start(params: Json) -> str:
    """The key after which a page begins."""
    try:
        return urlsafe_b64decode(params.get("NextToken", "").encode()).decode()
    except (ValueError, Base64Error):
        raise ValidationError("Parameter NextToken is not valid.") from None


def token(key: str) -> str:
    """The token of the page that begins after a key."""
    return urlsafe_b64encode(key.encode()).decode()


def size(params: Json) -> int:
    """How many items a page has."""
    limit: int = params.get("Limit", LIMIT)
    return limit


def page(
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
    after, most, prefix = start(params), size(params), params.get("NamePrefix", "")
    kept: list[Resource] = []
    while len(kept) <= most:
        found = rows.page(reader, kind, caller.account, caller.region, after, most + 1, scope=scope, prefix=prefix)
        kept += filter(keep, found)
        if len(found) <= most:
            break
        after = found[-1].name
    more = {"NextToken": token(kept[most - 1].name)} if len(kept) > most else {}
    return [show(resource) for resource in kept[:most]], more
