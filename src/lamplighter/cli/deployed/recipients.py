"""Find the subscriptions of a stack that are deleted, or that wait for their recipient's confirmation.

Anyone who has a mail of a topic can end its subscription with the link in the mail.
"""

from collections import defaultdict
from collections.abc import Iterator

from lamplighter.base.public_address import public_address
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.drift import SUBSCRIPTION
from lamplighter.cli.deployed.switched_off import RESTORE
from lamplighter.cli.doctor.finding import Finding, bad, doubtful

REFERENCE = "{{resolve:"
"""How a dynamic reference begins: CloudFormation replaces it by a secret, so the address is not known here."""


def check_recipients(deployment: Deployment) -> Iterator[Finding]:
    """Report the subscriptions that are missing or not confirmed."""
    wanted: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in deployment.resources.values():
        if each.type == SUBSCRIPTION:
            wanted[each.properties["TopicArn"]].append((each.properties["Protocol"], each.properties["Endpoint"]))
    for topic, subscriptions in wanted.items():
        listed = deployment.list_all("sns", "list_subscriptions_by_topic", TopicArn=topic)
        for protocol, endpoint in subscriptions:
            found = (
                each["SubscriptionArn"]
                for each in listed
                if each["Protocol"] == protocol and (each["Endpoint"] == endpoint or REFERENCE in endpoint)
            )
            about = describe_receiver(deployment, topic)
            yield from _explain(about, public_address(protocol, endpoint), next(found, None))


def _explain(about: str, address: str, subscription: str | None) -> Iterator[Finding]:
    if subscription is None:
        yield bad(about, f"the subscription of {address} was deleted: it gets no alerts", RESTORE)
    elif subscription == "PendingConfirmation":
        yield doubtful(about, f"{address} has not confirmed its subscription", "open the link that was sent to it")


def describe_receiver(deployment: Deployment, arn: str) -> str:
    """Return the words for a topic or a queue: a topic of the stack is the one of a channel."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    own = f"{deployment.stack.name}-"
    return f"queue {name}" if service == "sqs" else f"channel {name.removeprefix(own)}"
