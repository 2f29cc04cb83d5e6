"""Say which part of a recipient's address others may read: the rest of a URL may be a password, a token or a key.

Whatever people read shows addresses in this way: logs, alerts, pages and the output of commands.
"""

import re
from urllib.parse import urlsplit

from lamplighter.base.chat_services import SECRET_ADDRESS_PROTOCOLS

_URL = re.compile(r"[a-z]+://", re.IGNORECASE)


def public_address(protocol: str, endpoint: str) -> str:
    """Return the host of a URL, nothing of another secret address, and any other address as it is."""
    if _URL.match(endpoint):
        return _host(endpoint)
    return "" if protocol in SECRET_ADDRESS_PROTOCOLS else endpoint


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "a URL without a host"
    except ValueError:
        return "an invalid URL"
