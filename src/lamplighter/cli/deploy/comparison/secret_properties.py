"""Hide addresses and keys of recipients from readers of a template. Anybody who knows one can send messages to it."""

from lamplighter.base.chat_services import HEARTBEAT_PROTOCOL
from lamplighter.base.json_text import Json
from lamplighter.base.public_address import public_address

ADDRESSES = ("Endpoint", "InvocationEndpoint")
"""The properties that hold the address of a recipient."""
ENGINE_ADDRESS = ("Metadata", "Lamplighter", "Endpoint")
"""Where a template for `up` holds the address of a chat service or a monitor."""
ROUTING_KEY = "routing_key"
"""The property that holds a key of PagerDuty."""
HIDDEN = "(secret)"


def hide_secret(path: tuple[str, ...], value: Json) -> Json:
    """Return a property's value without what is secret in it; `path` are the names that lead to the property."""
    if not isinstance(value, str):
        return value
    if path[-1] == ROUTING_KEY:
        return HIDDEN
    if path[-3:] == ENGINE_ADDRESS:
        return public_address(HEARTBEAT_PROTOCOL, value) or HIDDEN
    return public_address("", value) if path[-1] in ADDRESSES else value
