"""Define the protocols of subscriptions: their endpoints, and whether an endpoint must confirm its subscription.

`lamplighter:command` exists only here: its endpoint is a command line that gets the message on its standard input. It
is allowed unless the engine was started with `--deny commands` or `--no-commands`. It gives a caller no additional
power. A caller of this API can already run commands by ECS tasks (`--deny commands` refuses those, too). Web pages
cannot call the API (server.py checks Host, Origin and signature). The two requests that need no signature cannot create
a subscription.
See https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from lamplighter.base.aws import arn
from lamplighter.base.chat_services import (
    COMMAND_PROTOCOL,
    HEARTBEAT_PROTOCOL,
    PAGERDUTY,
    PROTOCOL_PREFIX,
    SECRET_ADDRESS_PROTOCOLS,
)
from lamplighter.services.sns.errors import InvalidParameter, InvalidSmsEndpoint

EMAIL, EMAIL_JSON, HTTP, HTTPS, SQS, LAMBDA = "email", "email-json", "http", "https", "sqs", "lambda"
SMS, APPLICATION, FIREHOSE = "sms", "application", "firehose"
COMMAND = COMMAND_PROTOCOL
HEARTBEAT = HEARTBEAT_PROTOCOL
SECRET_ADDRESS = frozenset(SECRET_ADDRESS_PROTOCOLS)
"""The protocols whose endpoints no log shows."""
IN_ORDER = frozenset({f"{PROTOCOL_PREFIX}{PAGERDUTY}", HEARTBEAT})
"""The protocols whose messages must arrive in their order: an incident must not be resolved before it is triggered, and
a run must not end before it starts."""
WEB = frozenset({HTTP, HTTPS})
MAIL = frozenset({EMAIL, EMAIL_JSON})
UNDELIVERABLE = frozenset({SMS, APPLICATION, FIREHOSE})
"""The protocols whose subscriptions are accepted, stored and returned, but whose messages fail."""
RAW = frozenset({HTTP, HTTPS, SQS, FIREHOSE})
"""The protocols that can send messages without an envelope."""
WITH_POLICY = frozenset({*WEB, COMMAND})
"""The protocols whose retries a DeliveryPolicy sets."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[A-Za-z0-9.-]{1,253}")
_PHONE = re.compile(r"\+?[0-9]([ .()-]?[0-9]){4,18}")


def needs_confirmation(protocol: str, *, ask_by_mail: bool) -> bool:
    """Return whether the endpoint must confirm its subscription: a web server, and a mail address if `ask_by_mail`."""
    return protocol in WEB or (protocol in MAIL and ask_by_mail)


def check_endpoint(protocol: str, endpoint: str, *, commands: bool) -> None:
    """Raise `InvalidParameter` for an unknown protocol, a malformed endpoint, or a command that is not allowed."""
    rule = _ENDPOINTS.get(protocol)
    if rule is None:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    fits, fault = rule
    if not endpoint or not fits(endpoint):
        raise InvalidSmsEndpoint(endpoint) if protocol == SMS else InvalidParameter(fault)
    if protocol == COMMAND and not commands:
        raise InvalidParameter("Protocol", "this engine does not run commands (--no-commands, or --deny commands)")


def _is_url(scheme: str) -> Callable[[str], bool]:
    def matches(endpoint: str) -> bool:
        try:
            parts = urlsplit(endpoint)
            _ = parts.port
        except ValueError:
            return False
        return parts.scheme == scheme and bool(parts.hostname) and endpoint.isprintable() and " " not in endpoint

    return matches


def _is_arn(service: str) -> Callable[[str], bool]:
    def matches(endpoint: str) -> bool:
        found = arn.parse(endpoint)
        return found is not None and found.service == service and bool(found.region) and bool(found.account)

    return matches


def _is_address(endpoint: str) -> bool:
    return _ADDRESS.fullmatch(endpoint) is not None


_ENDPOINTS: dict[str, tuple[Callable[[str], bool], str]] = {
    HTTP: (_is_url("http"), "Endpoint must match the specified protocol"),
    HTTPS: (_is_url("https"), "Endpoint must match the specified protocol"),
    EMAIL: (_is_address, "Email address"),
    EMAIL_JSON: (_is_address, "Email address"),
    SQS: (_is_arn("sqs"), "SQS endpoint ARN"),
    LAMBDA: (_is_arn("lambda"), "Lambda endpoint ARN"),
    SMS: (lambda endpoint: _PHONE.fullmatch(endpoint) is not None, "SMS endpoint"),
    APPLICATION: (_is_arn("sns"), "Application endpoint ARN"),
    FIREHOSE: (_is_arn("firehose"), "Firehose endpoint ARN"),
    COMMAND: (lambda endpoint: "\0" not in endpoint, "Endpoint"),
    **{
        protocol: (lambda endpoint: endpoint.isprintable() and " " not in endpoint, "Endpoint")
        for protocol in SECRET_ADDRESS
    },
}
