"""Change the state of an alarm: store it and its history, publish an event, and send the actions.

Guarantees that all of it is one transaction, including the deliveries to topics: a delivery queue publishes each
exactly once. "An alarm invokes actions only when the alarm changes state." Topics and Lambda functions
receive the actions. The engine does not support AWS's other actions (rebooting an instance …). The log and the history
name these, and each action that failed. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Event
from lamplighter.delivery.delivery import Delivery, RetryPolicy
from lamplighter.services.cloudwatch.alarms import action_suppression, alarm_actions, alarm_history
from lamplighter.services.cloudwatch.alarms.evaluate_alarm import ALARM, OK
from lamplighter.services.cloudwatch.tables import alarms as rows
from lamplighter.services.cloudwatch.tables.alarms import Alarm
from lamplighter.store.db import Tx

SOURCE = "aws.cloudwatch"
ACTION_FIELDS = {OK: "OKActions", ALARM: "AlarmActions"}

log = logging.getLogger("lamplighter.cloudwatch")


class AlarmStateChanges:
    """The state changes of one engine's alarms; `send` queues a delivery."""

    def __init__(self, bus: Bus, world: World, url: str, send: Callable[[Tx, Delivery], None]) -> None:
        self._bus = bus
        self._world = world
        self._url = url
        self._send = send
        self._listeners: list[Callable[[Tx, Alarm], None]] = []

    def subscribe(self, listener: Callable[[Tx, Alarm], None]) -> None:
        """Call `listener` with each alarm that has changed its state, in the same transaction."""
        self._listeners.append(listener)

    def set_state(self, tx: Tx, alarm: Alarm, state: str, reason: str, data: str | None) -> None:
        """Set an alarm's state and reason; for a new state, write history, publish the event and send the actions."""
        now, changed = tx.now, state != alarm.state
        body = alarm.body | {"reason": reason, "reason_data": data, "updated": now}
        body |= {"transitioned": now} if changed else {}
        updated, send = replace(alarm, state=state, body=body), True
        if changed:
            updated, send = action_suppression.suppress_change(tx, self._world, alarm, updated)
        rows.put(tx, updated)
        if not changed:
            return
        if ALARM in (state, alarm.state):
            log.info("alarm %s is %s: %s", alarm.name, state, reason)
        alarm_history.record_state(tx, alarm, updated)
        kind = "CloudWatch Alarm State Change"
        self._publish(tx, updated, kind, lambda: alarm_actions.event_detail(alarm, updated))
        if send:
            self._send_actions(tx, alarm, updated)
        for before, released in action_suppression.follow_suppressor(tx, self._world, updated):
            self._send_actions(tx, replace(released, state=before), released)
        for follower in self._listeners:
            tx.isolate(f"a follower of the alarm {alarm.name}", partial(follower, tx, updated))

    def end_suppression(self, tx: Tx, arn: str) -> None:
        """Send the actions that waited for a suppressor, because its timer fired."""
        if (ended := action_suppression.end_wait(tx, arn)) is not None:
            before, alarm = ended
            self._send_actions(tx, replace(alarm, state=before), alarm)

    def add_configuration_event(self, tx: Tx, alarm: Alarm, done: str) -> None:
        """Record that an alarm was `created`, `updated` or `deleted`: in its history, and as an event."""
        alarm_history.record_configuration(tx, alarm, done)
        operation = done.removesuffix("d")
        kind = "CloudWatch Alarm Configuration Change"
        detail = {"operation": operation, **alarm_actions.event_detail(alarm, alarm)}
        self._publish(tx, alarm, kind, lambda: detail)

    def _send_actions(self, tx: Tx, before: Alarm, alarm: Alarm) -> None:
        if not alarm.body["settings"]["ActionsEnabled"]:
            return
        for action in alarm.body["settings"][ACTION_FIELDS.get(alarm.state, "InsufficientDataActions")]:
            target = arn.parse(action)
            assert target is not None
            call = alarm_actions.action_call(before, alarm, action, target, self._url)
            if call is None:
                log.warning("alarm %s has the action %s, which this engine does not support", alarm.name, action)
                alarm_history.record_action(tx, alarm, action, {}, "this engine does not support the action")
            else:
                self._send_action(tx, alarm, action, target, call)

    def _send_action(self, tx: Tx, alarm: Alarm, action: str, target: arn.Arn, call: alarm_actions.ActionCall) -> None:
        delivery = Delivery(
            f"{alarm.arn}/{action}/{self._world.uuid()}",
            Caller(target.account or alarm.account, target.region or alarm.region, origin=alarm.arn),
            call.service,
            call.operation,
            call.params,
            RetryPolicy(),
            dead_letter=None,
            body="",
            attributes={},
            created=tx.now,
        )
        self._send(tx, delivery)

    def _publish(self, tx: Tx, alarm: Alarm, kind: str, detail: Callable[[], Json]) -> None:
        caller, now = Caller(alarm.account, alarm.region), tx.now
        self._bus.publish(tx, SOURCE, lambda: Event(caller, SOURCE, kind, now, (alarm.arn,), detail()))
