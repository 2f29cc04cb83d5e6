"""Store subscriptions to topics."""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.services.sns.tables.topics import read_map
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

PENDING, CONFIRMED, DELETED = "PENDING", "CONFIRMED", "DELETED"
PAGE = 200


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription: an endpoint that gets a topic's messages."""

    arn: str
    topic: str
    account: str
    region: str
    protocol: str
    endpoint: str
    status: str
    """PENDING, CONFIRMED, or DELETED (by an unsigned request; its token can restore it)."""
    token: str
    """The token that confirms the subscription; empty if the owner of the engine vouches for the endpoint."""
    authenticated: bool
    """Whether the confirming request was signed."""
    locked: bool
    """Whether only a signed request can unsubscribe it."""
    attributes: dict[str, str]
    throttled_until: float = 0
    """The time of the steady clock, in milliseconds and fractions, from which the throttle allows the next message."""

    @property
    def raw(self) -> bool:
        """Return whether messages are sent without SNS's envelope."""
        return self.attributes.get("RawMessageDelivery", "").lower() == "true"


SUBSCRIPTIONS = Table("subscriptions", Subscription, json={"attributes": read_map})


get = SUBSCRIPTIONS.find_by("arn")
"""Return a subscription by its ARN, or None."""
find_by_endpoint = SUBSCRIPTIONS.find_by("topic", "protocol", "endpoint")
"""Return the subscription of an endpoint to a topic, or None."""
by_token = SUBSCRIPTIONS.find_by("token")
"""Return the subscription that a token confirms, or None."""


def page(reader: Reader, account: str, region: str, after: str, most: int) -> list[Subscription]:
    """Return an account's subscriptions in a region with ARNs after `after`, in order."""
    where = "account = ? AND region = ? AND arn > ? AND status <> 'DELETED' ORDER BY arn LIMIT ?"
    return SUBSCRIPTIONS.select(reader, where, account, region, after, most)


def page_of_topic(reader: Reader, topic: str, after: str, most: int) -> list[Subscription]:
    """Return a topic's subscriptions with ARNs after `after`, in order."""
    where = "topic = ? AND arn > ? AND status <> 'DELETED' ORDER BY arn LIMIT ?"
    return SUBSCRIPTIONS.select(reader, where, topic, after, most)


def confirmed_of_topic(reader: Reader, topic: str) -> Iterator[Subscription]:
    """Yield a topic's confirmed subscriptions, reading a page at a time."""
    after = ""
    while found := page_of_topic(reader, topic, after, PAGE):
        yield from (each for each in found if each.status == CONFIRMED)
        after = found[-1].arn


def mail_addresses(reader: Reader) -> list[str]:
    """Return up to 20 addresses that mails go to, each once."""
    sql = "SELECT DISTINCT endpoint FROM subscriptions WHERE protocol IN ('email', 'email-json') AND status = ?"
    return [address for (address,) in reader.rows(f"{sql} ORDER BY endpoint LIMIT 20", (CONFIRMED,))]


def count_by_status(reader: Reader, topic: str) -> dict[str, int]:
    """Return the number of a topic's subscriptions by status."""
    return dict(reader.rows("SELECT status, count(*) FROM subscriptions WHERE topic = ? GROUP BY status", (topic,)))


put = SUBSCRIPTIONS.replace
"""Store a subscription, new or changed."""


def set_throttled_until(tx: Tx, arn: str, until: float) -> None:
    """Set the time from which a subscription's throttle allows the next message."""
    tx.execute("UPDATE subscriptions SET throttled_until = ? WHERE arn = ?", (until, arn))


def clear_throttles(tx: Tx) -> None:
    """Reset all throttles, because their times belong to the steady clock of an earlier engine."""
    tx.execute("UPDATE subscriptions SET throttled_until = 0 WHERE throttled_until > 0")


delete = SUBSCRIPTIONS.delete_by("arn")
"""Delete the row of a subscription."""
