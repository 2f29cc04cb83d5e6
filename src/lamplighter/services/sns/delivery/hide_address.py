"""Hide a secret address in the text with which a server answered, which is stored, logged and shown.

Many servers repeat the path of a request that they refuse (`Cannot POST /services/…`), and the path of a webhook is its
password. Pure.
"""

import html
from urllib.parse import unquote, urlsplit

SHOWN = "…"
MIN_PART_LENGTH = 8
"""The characters of the shortest part of an address that is hidden on its own; no secret is shorter."""


MIN_BEGINNING_LENGTH = 4
"""The characters of the shortest beginning of a part that is hidden at the end of a text."""


def hide_address(text: str, *addresses: str, is_cut_off: bool = False) -> str:
    """Return a text without these addresses, their paths, and each part of them that may be a secret.

    `is_cut_off`: the end of the text is missing, so the beginning of an address at its end is hidden, too.
    """
    parts = {part for address in addresses for part in _parts(address)}
    spellings = {spelling for part in parts for spelling in (part, unquote(part), html.escape(part))}
    for each in sorted(spellings, key=len, reverse=True):  # the whole address before its parts
        text = text.replace(each, SHOWN)
    if not is_cut_off:
        return text
    cut = max((_beginning_at_end(text, each) for each in spellings), default=0)
    return f"{text[:-cut]}{SHOWN}" if cut else text


def _beginning_at_end(text: str, secret: str) -> int:
    """Return with how many characters of a secret's beginning a text ends; 0 if they are too few to matter."""
    lengths = range(min(len(text), len(secret) - 1), MIN_BEGINNING_LENGTH - 1, -1)
    return next((length for length in lengths if text.endswith(secret[:length])), 0)


def _parts(address: str) -> set[str]:
    """Return the parts of a URL, or of another secret, except for its scheme and its host."""
    try:
        found = urlsplit(address)
    except ValueError:  # a host that is none, such as [bad
        return {address, *(part for part in address.split("/")[3:] if len(part) >= MIN_PART_LENGTH)}
    if not found.netloc:
        return {address}
    target = address.partition(found.netloc)[2]
    words = target.replace("?", "/").replace("&", "/").replace("=", "/").replace("#", "/").split("/")
    user = (found.username or "", found.password or "")
    return {part for part in (address, target, found.path, *words, *user) if len(part) >= MIN_PART_LENGTH}
