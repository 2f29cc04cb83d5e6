"""By which names a server may be called: a page of another site that points its own name here is refused.

See https://owasp.org/www-community/attacks/DNS_Rebinding.
"""

import ipaddress
from collections.abc import Collection

from lamplighter.base.errors import AccessDenied


def check(header: bytes, names: Collection[str]) -> None:
    """Refuse a Host header that is neither an IP address, nor localhost, nor one of the names; AccessDenied."""
    host = header.decode("latin-1").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if not (name in names or name == "localhost" or name.endswith(".localhost") or _is_address(name)):
        raise AccessDenied(f"this server does not answer to the host name '{name}'", status=403)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
