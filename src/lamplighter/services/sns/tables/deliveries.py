"""Store the deliveries of SNS: a row for each message and subscription. The latest finished ones are kept."""

from dataclasses import dataclass, replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.runs.named_execution import named_execution
from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

WAITING, DELIVERED, FAILED = "WAITING", "DELIVERED", "FAILED"
MAX_FINISHED = 100
"""The number of finished deliveries that are kept for each topic and outcome."""


@dataclass(frozen=True, slots=True)
class SnsDelivery:
    """The delivery of one message to one subscription."""

    id: int
    topic: str
    subscription: str
    protocol: str
    endpoint: str
    message: str
    """The MessageId."""
    type: str
    """Notification, SubscriptionConfirmation or UnsubscribeConfirmation."""
    status: str
    attempts: int
    created: int
    """Milliseconds since the epoch."""
    changed: int
    """The time of the last attempt."""
    error: str | None
    body: Json
    """The notification while the delivery is pending; None if it cannot be read.

    Of a finished delivery, only the execution that its message names is kept (`execution`), or nothing (None).
    """

    @property
    def execution(self) -> str | None:
        """The ARN of the execution that the message names, such as the run that an alert is about; None if none."""
        if not isinstance(self.body, dict):
            return None
        kept = self.body.get("execution")
        return named_execution(str(self.body.get("text", ""))) if kept is None else str(kept)


DELIVERIES = Table("sns_deliveries", SnsDelivery, json={"body": lambda text: loads_or(text, None)})


get = DELIVERIES.find_by("id")
"""Return a delivery by its id, or None."""


def subscription_of(reader: Reader, key: int) -> str | None:
    """Return the ARN of a delivery's subscription, or None. The delivery's body is not read."""
    return reader.value("SELECT subscription FROM sns_deliveries WHERE id = ?", (key,))


def has_earlier_waiting(reader: Reader, delivery: SnsDelivery) -> bool:
    """Return whether an earlier delivery to the same subscription is pending."""
    sql = "SELECT 1 FROM sns_deliveries WHERE topic = ? AND subscription = ? AND id < ? AND status = ? LIMIT 1"
    return reader.row(sql, (delivery.topic, delivery.subscription, delivery.id, WAITING)) is not None


def body_after_delivery(execution: str | None) -> Json:
    """Return what is kept of the body of a finished delivery whose message names this execution."""
    return None if execution is None else {"execution": execution}


def put(tx: Tx, delivery: SnsDelivery) -> SnsDelivery:
    """Store a new delivery and return it with its new id."""
    stored = replace(delivery, id=DELIVERIES.insert(tx, delivery))
    if stored.status != WAITING:
        _prune(tx, stored.topic, stored.status)
    return stored


def count_attempt(tx: Tx, key: int, error: AwsError | None) -> SnsDelivery | None:
    """Record an attempt and its error, if it failed. Return the delivery, or None if it no longer exists."""
    sql = "UPDATE sns_deliveries SET attempts = attempts + 1, changed = ?, error = ? WHERE id = ?"
    tx.execute(sql, (tx.now, None if error is None else error.message, key))
    return get(tx, key)


def finish(tx: Tx, delivery: SnsDelivery, status: str) -> None:
    """Record the outcome of a delivery, and delete its body but for the execution that its message names."""
    kept = body_after_delivery(delivery.execution)
    values = (status, None if kept is None else dumps(kept), delivery.id)
    tx.execute("UPDATE sns_deliveries SET status = ?, body = ? WHERE id = ?", values)
    _prune(tx, delivery.topic, status)


def _prune(tx: Tx, topic: str, status: str) -> None:
    last = "SELECT id FROM sns_deliveries WHERE topic = ?1 AND status = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3"
    sql = f"DELETE FROM sns_deliveries WHERE topic = ?1 AND status = ?2 AND id <= ({last})"  # noqa: S608
    tx.execute(sql, (topic, status, MAX_FINISHED))


def recent(reader: Reader, topic: str, before: int | None = None, most: int = MAX_FINISHED) -> list[SnsDelivery]:
    """Return a topic's deliveries, the newest first; with `before`, only those with a smaller id."""
    where = "topic = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return DELIVERIES.select(reader, where, topic, before or 2**62, most)


def count_failing(reader: Reader) -> int:
    """Return the number of pending deliveries that have a failed attempt."""
    return reader.count("SELECT count(*) FROM sns_deliveries WHERE status = ? AND attempts > 0", (WAITING,))


def failing_endpoints(reader: Reader) -> list[tuple[str, str, str, int]]:
    """Return the endpoints of pending deliveries with a failed attempt.

    Each entry is protocol, endpoint, last error and number of deliveries.
    """
    sql = """
        SELECT protocol, endpoint, error, count(*), max(changed) FROM sns_deliveries
        WHERE status = ? AND attempts > 0 GROUP BY protocol, endpoint ORDER BY protocol, endpoint
    """
    # With max(), SQLite takes the other columns from the row that has the maximum: the last error.
    return [row[:4] for row in reader.rows(sql, (WAITING,))]


count = DELIVERIES.count_by("status")
"""Return the number of deliveries that have this status."""
