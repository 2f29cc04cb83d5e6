"""List the sources of the events that services of the engine send to EventBridge, and how reliably AWS delivers them.

"Best effort delivery means that the service attempts to send all events to EventBridge, but in some rare cases an event
might not be delivered. Durable delivery means the service will successfully attempt to deliver events to EventBridge at
least once." See https://docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html, and the page of each
service there. EventBridge Scheduler (aws.scheduler) sends none but AWS CloudTrail's, which the engine does not have.
"""

from collections.abc import Iterable

BEST_EFFORT, DURABLE = "best effort", "durable"
DELIVERY_LEVELS = {
    "aws.cloudformation": DURABLE,
    "aws.cloudwatch": DURABLE,
    "aws.ecs": DURABLE,
    "aws.s3": DURABLE,
    "aws.ssm": BEST_EFFORT,
    "aws.states": BEST_EFFORT,
}


class UnknownSource(ValueError):
    """A source of which the engine has no events; str() lists the known sources."""


def check_sources(names: Iterable[str]) -> frozenset[str]:
    """Return the names of sources. Raises `UnknownSource`."""
    found = frozenset(names)
    for each in sorted(found - DELIVERY_LEVELS.keys()):
        raise UnknownSource(f"the engine has no events of `{each}`: name one of {', '.join(DELIVERY_LEVELS)}")
    return found
