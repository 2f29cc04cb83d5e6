"""Deliver the calls of one sender to their targets: retry where a retry may help, then use a dead-letter queue.

Guarantees that a delivery is a row until it ends (`attempts.py`). A call to one of the engine's services runs in the
transaction that stores its outcome, exactly once. A service elsewhere is called at least once. The longest wait before
a retry doubles with each retry; the actual wait is random between zero and that ("full jitter"). A dead letter says
what failed: the ARN of its rule (if it has one) and of its target, the code and message of the error, and why retries
ended. See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html.
"""

import hashlib
import inspect
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.aws.role_session import RoleSession, Signer
from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.delivery.attempts import Attempts
from lamplighter.delivery.delivery import Delivery, DeliveryEnd, DeliveryOutcome
from lamplighter.delivery.retryable import check_answer, is_retryable
from lamplighter.delivery.tables import deliveries, lost_alerts
from lamplighter.delivery.tables.deliveries import PendingDelivery
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.outbound.aws import RemoteServices
from lamplighter.store import outbox
from lamplighter.store.db import DamagedData, OutboxRow, Tx
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
    - `validate` returns the parameters of a call that the operation has; it raises if they do not fit the operation.
    - `error_code` returns the error code that the dead-letter message contains.
    - `prepare` prepares a delivery for its nth attempt.
    - `needs_resource_policy`: whether a topic or queue that is called without a role must allow that by its policy.
    - `service_principal`: the principal of the sender in policies, if it does not begin with the name.
    """

    def __init__(
        self,
        name: str,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        on_end: Callable[[Tx, Delivery, DeliveryOutcome], None] = lambda _tx, _delivery, _outcome: None,
        *,
        validate: Callable[[str, str, Json], Json] = lambda _service, _operation, params: params,
        error_code: Callable[[AwsError], str] = lambda error: error.code,
        prepare: Callable[[Delivery, int], Delivery] = lambda delivery, _attempt: delivery,
        needs_resource_policy: bool = False,
        service_principal: str = "",
    ) -> None:
        self._name = name
        self._bus = bus
        self._world = world
        self._remote = remote
        self._on_end = on_end
        self._validate = validate
        self._error_code = error_code
        self._prepare = prepare
        self._service_principal = service_principal or f"{name}.amazonaws.com"
        self._needs_resource_policy = needs_resource_policy
        self._attempts = Attempts(
            name,
            SUBJECT_PREFIX,
            world,
            lambda tx, number, _error: deliveries.count_attempt(tx, number),
            self._retry_delay,
            self._end,
        )

    def send(self, tx: Tx, delivery: Delivery) -> None:
        """Queue a delivery; it is sent after the commit. Do nothing if the sender has sent the same key before."""
        created = delivery.created + self._world.monotonic() - self._world.now()
        number = deliveries.put(tx, self._name, created, delivery)
        if number is not None:
            self._attempts.schedule(tx, number)

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Make one attempt to deliver a delivery."""
        store = self._bus.store
        call = await store.write_with_retry(lambda tx: self._attempt(tx, row))
        if call is not None:
            outcome = await call
            await store.write_with_retry(lambda tx: self._attempts.store_outcome(tx, row, outcome))

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Queue the next attempt of a delivery."""
        self._attempts.fire_timer(tx, timer)

    # --- an attempt ---------------------------------------------------------------------------------------------------

    def _attempt(self, tx: Tx, outbox_row: OutboxRow) -> Awaitable[Json | AwsError] | None:
        """Call one of the engine's services and store the outcome; return None.

        If the call takes longer, or the service is elsewhere, return the call instead. Its result is the outcome.
        """
        if not outbox.is_pending(tx, outbox_row.id):
            return None
        row = self._find(tx, self._attempts.delivery_id(outbox_row))
        if row is None:
            outbox.delete(tx, outbox_row.id)
            return None
        delivery = self._prepare(row.delivery, row.attempts + 1)
        try:
            with tx.nested():
                if not self._bus.serves(delivery.service, delivery.operation):
                    return _await_outcome(delivery, self._remote_call(delivery))
                params = self._validate(delivery.service, delivery.operation, delivery.params)
                call = (delivery.service, delivery.operation, params)
                self._check_access(tx, delivery, *call, by_role=bool(delivery.role))
                answer = self._bus.invoke(tx, delivery.caller, *call)
                if inspect.isawaitable(answer):
                    return _await_outcome(delivery, lambda: answer)
                check_answer(delivery, answer)
        except sqlite3.Error:
            raise
        except Exception as fault:  # noqa: BLE001 - any error means that the delivery failed
            answer = _to_aws_error(delivery, fault)
        self._attempts.store_outcome(tx, outbox_row, answer)
        return None

    def _check_access(self, tx: Tx, delivery: Delivery, *call: Json, by_role: bool) -> None:
        """Raise AccessDenied if the engine enforces IAM, and the delivery's role may not make a call, or without a role
        the called resource does not allow it.
        """
        guard = self._bus.guard
        if guard is None:
            return
        if by_role:
            source, name = delivery.caller.origin, hashlib.sha256(delivery.key.encode()).hexdigest()[:32]
            session = RoleSession(delivery.role, name, service=self._service_principal, source=source)
            guard.check_call(tx, replace(delivery.caller, signer=Signer(session=session)), *call)
        elif self._needs_resource_policy:
            guard.check_service_call(tx, self._service_principal, delivery.caller, *call)

    def _find(self, tx: Tx, id: int) -> PendingDelivery | None:  # noqa: A002 - the key of the row
        try:
            return deliveries.get(tx, id)
        except DamagedData:
            log.error("delivery %s of %s cannot be read and is dropped", id, self._name)
            deliveries.finish(tx, id, tx.now, DeliveryEnd.DROPPED)
            return None

    def _remote_call(self, delivery: Delivery) -> AsyncCall:
        if not self._remote.can_call(delivery.service, delivery.operation):
            advice = f"configure an endpoint with --endpoint {delivery.service}=URL"
            raise UnknownOperation(f"This engine does not provide {delivery.service}:{delivery.operation}; {advice}")
        return lambda: self._remote.call(delivery.service, delivery.operation, delivery.params, delivery.caller.region)

    # --- a retry, or the end ------------------------------------------------------------------------------------------

    def _retry_delay(self, _tx: Tx, row: PendingDelivery, _error: AwsError) -> int | None:
        now = self._world.monotonic()
        if _exhausted_limit(row, now) is not None:
            return None
        longest = min(MAX_RETRY_MILLISECONDS, FIRST_RETRY_MILLISECONDS << min(row.attempts - 1, 20))
        return min(int(self._world.random() * longest) + 1, _last_attempt_time(row) - now)

    def _end(self, tx: Tx, row: PendingDelivery, outcome: Json | AwsError) -> None:
        delivery = self._prepare(row.delivery, row.attempts)
        if isinstance(outcome, AwsError):
            ended = self._give_up(tx, row, delivery, outcome)
        else:
            ended = DeliveryOutcome(DeliveryEnd.DELIVERED, row.attempts, outcome)
        deliveries.finish(tx, row.id, tx.now, ended.end)
        self._on_end(tx, delivery, ended)

    def _give_up(self, tx: Tx, row: PendingDelivery, delivery: Delivery, error: AwsError) -> DeliveryOutcome:
        """Send a delivery to its dead-letter queue or drop it; return the outcome."""
        exhausted = _exhausted_limit(row, self._world.monotonic()) if is_retryable(error) else None
        code, message = self._error_code(error), error.message
        failed = DeliveryOutcome(DeliveryEnd.DEAD_LETTERED, row.attempts, None, code, message, exhausted)
        if delivery.dead_letter is None or not self._send_to_dead_letter_queue(tx, delivery, failed):
            failed = replace(failed, end=DeliveryEnd.DROPPED)
            log.warning("delivery %s is dropped after %s attempts: %s: %s", delivery.key, row.attempts, code, message)
        if delivery.service in ALERT_SERVICES:
            topic = delivery.params.get("TopicArn")
            recipient = f"topic {topic}" if topic else f"alert {delivery.operation}"
            lost_alerts.put(tx, LostAlert(tx.now, recipient, f"{code}: {message}"))
        return failed

    def _send_to_dead_letter_queue(self, tx: Tx, delivery: Delivery, failed: DeliveryOutcome) -> bool:
        """Send a delivery to its dead-letter queue; return whether that succeeded.

        EventBridge needs the policy of the queue for it, and Scheduler the role of the target.
        """
        queue = arn.parse(delivery.dead_letter or "")
        if queue is None:
            return False
        attributes = {
            **delivery.attributes,
            "ERROR_CODE": failed.code,
            "ERROR_MESSAGE": failed.message,
            "RETRY_ATTEMPTS": str(failed.attempts - 1),
            "EXHAUSTED_RETRY_CONDITION": failed.exhausted,
        }
        params = {
            "QueueUrl": f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.resource}",
            "MessageBody": delivery.body,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
        }
        try:
            with tx.nested():
                call = ("sqs", "SendMessage", params)
                self._check_access(tx, delivery, *call, by_role=not self._needs_resource_policy)
                self._bus.invoke(tx, Caller(queue.account, queue.region), *call)
        except AwsError as error:
            log.warning(
                "the dead-letter queue %s did not accept delivery %s: %s", delivery.dead_letter, delivery.key, error
            )
            return False
        return True


async def _await_outcome(delivery: Delivery, call: AsyncCall) -> Json | AwsError:
    try:
        answer = await call()
        check_answer(delivery, answer)
    except Exception as fault:  # noqa: BLE001 - any error means that the delivery failed
        return _to_aws_error(delivery, fault)
    return answer


def _to_aws_error(delivery: Delivery, fault: Exception) -> AwsError:
    """Return the AWS error of a failed call; an internal error of the engine is logged, and can be retried."""
    if isinstance(fault, AwsError):
        return fault
    log.error(
        "%s %s of delivery %s failed because of an internal error",
        delivery.service,
        delivery.operation,
        delivery.key,
        exc_info=fault,
    )
    return AwsError("An internal error occurred", code="InternalFailure", status=500)


def _exhausted_limit(row: PendingDelivery, now: int) -> str | None:
    """Return the limit of the retry policy that prevents another attempt, or None."""
    if row.attempts > row.delivery.policy.attempts:
        return "MaximumRetryAttempts"
    return "MaximumEventAgeInSeconds" if now >= _last_attempt_time(row) else None


def _last_attempt_time(row: PendingDelivery) -> int:
    """Return the time from which a delivery is too old for another attempt, in milliseconds of the steady clock."""
    return row.created + row.delivery.policy.age * 1000
