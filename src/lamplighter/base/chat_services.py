"""Name the services that receive alerts by HTTP in a format of their own, and the protocols of their subscriptions.

A subscription with the protocol `lamplighter:slack` exists on this engine only, as one with `lamplighter:command` does.
"""

SLACK, TEAMS, DISCORD, PAGERDUTY, POST = "slack", "teams", "discord", "pagerduty", "post"
CHAT_SERVICES = (SLACK, TEAMS, DISCORD, PAGERDUTY, POST)
"""The services, as a channel of a job file names them; `post` is any server that reads JSON."""
PROTOCOL_PREFIX = "lamplighter:"
COMMAND_PROTOCOL = f"{PROTOCOL_PREFIX}command"
CHAT_PROTOCOLS = {f"{PROTOCOL_PREFIX}{service}": service for service in CHAT_SERVICES}
"""The services by the protocols of their subscriptions."""
HEARTBEAT_PROTOCOL = f"{PROTOCOL_PREFIX}heartbeat"
"""The protocol of a monitor that gets a ping when a run begins and ends."""
SECRET_ADDRESS_PROTOCOLS = (*CHAT_PROTOCOLS, HEARTBEAT_PROTOCOL)
"""The protocols whose endpoints are secrets, or references to secrets."""
TEXT_PROTOCOLS = ("email", COMMAND_PROTOCOL, *CHAT_PROTOCOLS)
"""The protocols whose messages people read, as text."""
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
"""The address of PagerDuty's Events API v2; the endpoint of a subscription is the routing key."""
SENDER_SUFFIX = " (lamplighter)"
"""What follows the project in the display name of its topics, which is the sender of its mails."""
