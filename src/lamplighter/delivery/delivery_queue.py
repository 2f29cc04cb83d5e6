"""Deliver the calls of one sender to their targets: retry where a retry may help, then use a dead-letter queue.

Guarantees that a delivery is a row until it ends, also if the engine is killed. A call to one of the engine's services
runs in the transaction that settles the delivery, exactly once. A service elsewhere is called at least once. The
longest wait before a retry doubles with each retry; the actual wait is random between zero and that ("full jitter").
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html.
"""

import inspect
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from lamplighter.base import arn
from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.delivery.delivery import Delivery, DeliveryEnd, DeliveryOutcome, from_json, to_json
from lamplighter.delivery.retryable import check_answer, is_retryable
from lamplighter.delivery.tables import deliveries, lost_alerts
from lamplighter.delivery.tables.deliveries import PendingDelivery
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.outbound.aws import RemoteServices
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

SUBJECT_PREFIX = "letter:"
"""The prefix of the subjects of a delivery queue's outbox rows and timers."""
FIRST_RETRY_MILLISECONDS = 1_000
"""The most milliseconds before the first retry."""
MAX_RETRY_MILLISECONDS = 900_000
"""The most milliseconds before any retry. The average wait is half of this, and 185 such waits are about a day."""

ALERT_SERVICES = ("alerts", "sns")
"""Services whose deliveries are messages for people. The loss of such a message is recorded in `lost_alerts`."""

AsyncCall = Callable[[], Awaitable[Json]]

log = logging.getLogger("lamplighter.delivery")


def is_delivery(subject: str) -> bool:
    """Return whether the subject of an outbox row or timer belongs to a delivery queue."""
    return subject.startswith(SUBJECT_PREFIX)


class DeliveryQueue:
    """The delivery queue of one sender.

    - `on_end` is called in the transaction that ends a delivery.
    - `check` raises if the parameters of a call do not fit the operation.
    - `error_code` returns the error code that the dead-letter message contains.
    - `prepare` prepares a delivery for its nth attempt.
    """

    def __init__(
        self,
        name: str,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        on_end: Callable[[Tx, Delivery, DeliveryOutcome], None] = lambda _tx, _delivery, _outcome: None,
        *,
        check: Callable[[str, str, Json], None] = lambda _service, _operation, _params: None,
        error_code: Callable[[AwsError], str] = lambda error: error.code,
        prepare: Callable[[Delivery, int], Delivery] = lambda delivery, _attempt: delivery,
    ) -> None:
        self._name = name
        self._bus = bus
        self._world = world
        self._remote = remote
        self._on_end = on_end
        self._check = check
        self._error_code = error_code
        self._prepare = prepare

    def send(self, tx: Tx, delivery: Delivery) -> None:
        """Queue a delivery; it is sent after the commit. Do nothing if the sender has sent the same key before."""
        created = delivery.created + self._world.monotonic() - self._world.now()
        number = deliveries.put(tx, self._name, delivery.key, created, to_json(delivery))
        if number is not None:
            self._queue_attempt(tx, number)

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Make one attempt to deliver a delivery."""
        call = await self._bus.store.write_with_retry(lambda tx: self._attempt(tx, row))
        if call is not None:
            await self._await_call(row, *call)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Queue the next attempt of a delivery."""
        self._queue_attempt(tx, int(timer.subject.removeprefix(SUBJECT_PREFIX)))

    # --- an attempt ---------------------------------------------------------------------------------------------------

    def _queue_attempt(self, tx: Tx, number: int) -> None:
        outbox.put(tx, self._name, f"{SUBJECT_PREFIX}{number}", {})

    def _attempt(self, tx: Tx, outbox_row: OutboxRow) -> tuple[Delivery, AsyncCall] | None:
        """Call one of the engine's services and settle the delivery; return None.

        If the call takes longer, or the service is elsewhere, return the delivery and the call to make instead.
        """
        if not outbox.is_pending(tx, outbox_row.id):
            return None
        row = deliveries.get(tx, int(outbox_row.subject.removeprefix(SUBJECT_PREFIX)))
        delivery = self._parse_delivery(tx, row) if row is not None else None
        if row is None or delivery is None:
            outbox.delete(tx, outbox_row.id)
            return None
        delivery = self._prepare(delivery, row.attempts + 1)
        try:
            with tx.nested():
                if not self._bus.serves(delivery.service, delivery.operation):
                    return delivery, self._remote_call(delivery)
                self._check(delivery.service, delivery.operation, delivery.params)
                answer = self._bus.invoke(tx, delivery.caller, delivery.service, delivery.operation, delivery.params)
                if inspect.isawaitable(answer):
                    return delivery, lambda: answer
                check_answer(delivery, answer)
        except AwsError as error:
            self._record_failure(tx, outbox_row, delivery, error)
        except sqlite3.Error:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, the delivery is not delivered
            self._record_failure(tx, outbox_row, delivery, _internal_error(delivery, fault))
        else:
            self._record_success(tx, outbox_row, delivery, answer)
        return None

    def _parse_delivery(self, tx: Tx, row: PendingDelivery) -> Delivery | None:
        try:
            return from_json(row.body)
        except (TypeError, KeyError):
            log.error("delivery %s of %s cannot be read and is dropped", row.id, self._name)
            deliveries.finish(tx, row.id, self._world.now(), DeliveryEnd.DROPPED)
            return None

    def _remote_call(self, delivery: Delivery) -> AsyncCall:
        if not self._remote.can_call(delivery.service, delivery.operation):
            advice = f"configure an endpoint with --endpoint {delivery.service}=URL"
            raise UnknownOperation(f"This engine does not provide {delivery.service}:{delivery.operation}; {advice}")
        return lambda: self._remote.call(delivery.service, delivery.operation, delivery.params, delivery.caller.region)

    async def _await_call(self, outbox_row: OutboxRow, delivery: Delivery, call: AsyncCall) -> None:
        try:
            answer = await call()
            check_answer(delivery, answer)
        except Exception as caught:  # noqa: BLE001 - whatever it is, the delivery is not delivered
            error = caught if isinstance(caught, AwsError) else _internal_error(delivery, caught)
            await self._bus.store.write_with_retry(lambda tx: self._record_failure(tx, outbox_row, delivery, error))
        else:
            await self._bus.store.write_with_retry(lambda tx: self._record_success(tx, outbox_row, delivery, answer))

    # --- the outcome --------------------------------------------------------------------------------------------------

    def _record_success(self, tx: Tx, outbox_row: OutboxRow, delivery: Delivery, answer: Json) -> None:
        row = self._count_attempt(tx, outbox_row)
        if row is not None:
            self._end_delivery(tx, row, delivery, DeliveryOutcome(DeliveryEnd.DELIVERED, row.attempts, answer))

    def _record_failure(self, tx: Tx, outbox_row: OutboxRow, delivery: Delivery, error: AwsError) -> None:
        """Schedule a retry, or give up."""
        row = self._count_attempt(tx, outbox_row)
        if row is None:
            return
        now = self._world.monotonic()
        end = row.created + delivery.policy.age * 1000
        exhausted = None
        if is_retryable(error):
            if row.attempts > delivery.policy.attempts:
                exhausted = "MaximumRetryAttempts"
            elif now >= end:
                exhausted = "MaximumEventAgeInSeconds"
            else:
                wait = (
                    int(
                        self._world.random()
                        * min(MAX_RETRY_MILLISECONDS, FIRST_RETRY_MILLISECONDS << min(row.attempts - 1, 20))
                    )
                    + 1
                )
                timer = Timer(self._name, f"{SUBJECT_PREFIX}{row.id}", "retry", min(now + wait, end))
                timers.put(tx, timer, steady_clock=True)
                return
        self._give_up(tx, row, delivery, error, exhausted)

    def _count_attempt(self, tx: Tx, outbox_row: OutboxRow) -> PendingDelivery | None:
        """Count an attempt. Return the delivery, or None if this attempt was recorded before."""
        number = int(outbox_row.subject.removeprefix(SUBJECT_PREFIX))
        if not outbox.delete(tx, outbox_row.id):
            return None
        deliveries.count_attempt(tx, number)
        return deliveries.get(tx, number)

    def _give_up(
        self, tx: Tx, row: PendingDelivery, delivery: Delivery, error: AwsError, exhausted: str | None
    ) -> None:
        code = self._error_code(error)
        end = DeliveryEnd.DROPPED
        if delivery.dead_letter is not None and self._send_to_dead_letter_queue(
            tx, row, delivery, code, error.message, exhausted
        ):
            end = DeliveryEnd.DEAD_LETTERED
        else:
            log.warning(
                "delivery %s is dropped after %s attempts: %s: %s", delivery.key, row.attempts, code, error.message
            )
        if delivery.service in ALERT_SERVICES:
            topic = delivery.params.get("TopicArn")
            recipient = f"topic {topic}" if topic else f"alert {delivery.operation}"
            lost_alerts.put(tx, LostAlert(self._world.now(), recipient, f"{code}: {error.message}"))
        self._end_delivery(tx, row, delivery, DeliveryOutcome(end, row.attempts, None, code, error.message, exhausted))

    def _send_to_dead_letter_queue(
        self, tx: Tx, row: PendingDelivery, delivery: Delivery, code: str, message: str, exhausted: str | None
    ) -> bool:
        """Send a delivery to its dead-letter queue; return whether that succeeded."""
        queue = arn.parse(delivery.dead_letter or "")
        if queue is None:
            return False
        attributes = {
            **delivery.attributes,
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message,
            "RETRY_ATTEMPTS": str(row.attempts - 1),
        }
        if exhausted is not None:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        params = {
            "QueueUrl": f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.resource}",
            "MessageBody": delivery.body,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
        }
        try:
            with tx.nested():
                self._bus.invoke(tx, Caller(queue.account, queue.region), "sqs", "SendMessage", params)
        except AwsError as error:
            log.warning(
                "the dead-letter queue %s did not accept delivery %s: %s", delivery.dead_letter, delivery.key, error
            )
            return False
        return True

    def _end_delivery(self, tx: Tx, row: PendingDelivery, delivery: Delivery, outcome: DeliveryOutcome) -> None:
        deliveries.finish(tx, row.id, self._world.now(), outcome.end)
        self._on_end(tx, delivery, outcome)


def _internal_error(delivery: Delivery, fault: Exception) -> AwsError:
    """Log an internal error of the engine and return the AWS error that makes the delivery retryable."""
    log.error(
        "%s %s of delivery %s failed because of an internal error",
        delivery.service,
        delivery.operation,
        delivery.key,
        exc_info=fault,
    )
    return AwsError("An internal error occurred", code="InternalFailure", status=500)
