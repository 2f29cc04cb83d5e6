"""Find the subscriptions of a stack that are deleted, or that wait for their recipient's confirmation.

Anyone who has a mail of a topic can end its subscription with the link in the mail.
"""

from collections.abc import Iterator

from lamplighter.base.public_address import public_address
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.drift import SUBSCRIPTION
from lamplighter.cli.deployed.switched_off import RESTORE
from lamplighter.cli.doctor.finding import Finding, bad, doubtful


def check_recipients(deployment: Deployment) -> Iterator[Finding]:
    """Report the subscriptions that are missing or not confirmed."""
    for each in deployment.resources.values():
        if each.type == SUBSCRIPTION:
            topic, *wanted = (str(each.properties[key]) for key in ("TopicArn", "Protocol", "Endpoint"))
            listed = deployment.list_all("sns", "list_subscriptions_by_topic", TopicArn=topic)
            arns = {one["SubscriptionArn"] for one in listed if [one["Protocol"], one["Endpoint"]] == wanted}
            # For days, SNS lists an ended one as Deleted: https://github.com/ansible/ansible/pull/20086
            own = arns - {"Deleted"}
            about, address = describe_receiver(deployment, topic), public_address(*wanted)
            if not own:
                yield bad(about, f"the subscription of {address} was deleted: it gets no alerts", RESTORE)
            elif own == {"PendingConfirmation"}:
                yield doubtful(about, f"{address} has not confirmed its subscription", "open the link sent to it")


def describe_receiver(deployment: Deployment, arn: str) -> str:
    """Return the words for a topic or a queue: a topic of the stack is the one of a channel."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2].removeprefix(f"{deployment.stack.name}-")
    return f"channel {name}" if service == "sns" else f"queue {arn.rpartition(':')[2]}"
