"""Provide the alerts service: bus operations that the rules of a job file's stack deliver to. They have no HTTP API.

Guarantees that an alert is published exactly once: composing and publishing belong to the transaction that settles the
rule's delivery. A channel receives one alert for each failed run. If the run has alerted the channel itself (pattern 3,
"caught"), the rule for the run's end (pattern 2, "run-failed") sends nothing there, unless the rule found log lines
that the run could not try to read. Alerts about attempts are sent in addition, because the job file enables them
separately.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.delivery.tables import lost_alerts
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.runs.printable_text import to_subject
from lamplighter.services.alerts import (
    acknowledge,
    attempt_alert,
    away_alert,
    dropped_slots_alert,
    heartbeat_ping,
    outage_alert,
    recovery_alert,
    run_alert,
)
from lamplighter.services.alerts.alert_text import Alert, alert_body, alert_subject
from lamplighter.services.alerts.queries import AlertQueries
from lamplighter.store.db import Tx

COMPOSERS = {
    "attempt-failed": attempt_alert.compose_attempt_alert,
    "run-failed": run_alert.compose_run_alert,
    "recovered": recovery_alert.compose_recovery_alert,
    "starts-again": recovery_alert.compose_start_alert,
}
"""The functions that compose an alert from an event, by pattern. They return None if no alert is needed."""

HEARTBEAT = "heartbeat"
"""The pattern of rules that send pings to a monitor."""

log = logging.getLogger("lamplighter.alerts")


class Alerts(Service):
    """The alerts service of one engine. `url` is the console's URL."""

    name = "alerts"

    def __init__(self, bus: Bus, url: str) -> None:
        self._bus = bus
        self._url = url
        self.operations: Mapping[str, Operation] = {
            "SendAlert": Operation(write=self.send_alert),
            "SendDroppedAlert": Operation(write=self.send_dropped),
            "SendAwayAlert": Operation(write=self.send_away),
            "SendOutageAlert": Operation(write=partial(self.send_waiting, outage_alert.compose_outage)),
            "SendQueueAlert": Operation(write=partial(self.send_waiting, outage_alert.compose_queue)),
            "SendRecoveryAlert": Operation(write=self.send_recovery),
            "Acknowledge": Operation(write=acknowledge.acknowledge),
            "ListAcknowledgements": Operation(read=acknowledge.list_acknowledgements),
        }

    def send_alert(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """SendAlert {Annotation, Channel, TopicArn, Message, Event}: publish an alert.

        `Message` is published as it is if composing the alert fails.
        """
        message = {"TopicArn": params["TopicArn"], "Message": params["Message"], **_default_subject(params["Message"])}
        try:
            if params["Annotation"]["Pattern"] == HEARTBEAT:
                return self._send_ping(tx, caller, params)
            alert = self._compose(tx, caller, params)
        except sqlite3.Error:
            raise
        except Exception as error:
            known = isinstance(error, AwsError)
            log.warning(
                "could not compose the alert for %s, so its default text is sent: %s",
                params["Annotation"],
                error,
                exc_info=not known,
            )
        else:
            if alert is None:
                log.info("no alert to %s is needed for %s", params["Channel"], params["Annotation"]["Job"])
                return {}
            message |= {"Subject": alert_subject(alert), "Message": alert_body(alert, self._url)}
        return self._bus.invoke(tx, caller, "sns", "Publish", message)

    def _send_ping(self, tx: Tx, caller: Caller, params: Json) -> Json:
        queries = AlertQueries(self._bus, tx, caller)
        ping = heartbeat_ping.compose_ping(queries, params["Annotation"], params["Event"], self._url)
        if ping is None:
            return {}
        message = {"TopicArn": params["TopicArn"], "Message": dumps(ping)}
        return self._bus.invoke(tx, caller, "sns", "Publish", message)

    def send_dropped(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """SendDroppedAlert {TopicArn, Project, Job, Slots}: alert that a job did not start at these times.

        The job will not start for these times later either.
        """
        message = dropped_slots_alert.compose_dropped_alert(
            params["Project"], params["Job"], params["Slots"], self._url
        )
        return self._bus.invoke(tx, caller, "sns", "Publish", {"TopicArn": params["TopicArn"], **message})

    def send_away(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """SendAwayAlert {Until, Slots}: alert that no engine ran, and which slots start no run; return {Topics}."""
        found = away_alert.slots_by_topic(AlertQueries(self._bus, tx, caller), params["Slots"])
        accepted = []
        for topic, slots in found.items():
            message = away_alert.compose_away_alert(slots, params["Until"], self._url)
            accepted += self._publish_all(tx, caller, [topic], message)
        return {"Topics": accepted}

    def send_waiting(self, compose: Callable[[Json, str], Json], tx: Tx, caller: Caller, params: Json) -> Json:
        """Alert that tasks wait: for a runtime that does not answer (SendOutageAlert), or for room (SendQueueAlert).

        The parameters are {Since, Tasks, Families, Reason}. Return {Topics}, the topics that accepted the alert.
        """
        topics = outage_alert.outage_topics(AlertQueries(self._bus, tx, caller), params["Families"])
        return {"Topics": self._publish_all(tx, caller, topics, compose(params, self._url))}

    def send_recovery(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """SendRecoveryAlert {Topics, Since, Until}: notify these topics that the runtime answers again."""
        return {"Topics": self._publish_all(tx, caller, params["Topics"], outage_alert.compose_recovery(params))}

    def _publish_all(self, tx: Tx, caller: Caller, topics: list[str], message: Json) -> list[str]:
        """Publish to each topic and return the topics that accepted the message.

        If a topic does not accept the message, the failure is recorded as a lost alert, and the others still receive
        it.
        """
        accepted = []
        for topic in topics:
            try:
                with tx.nested():
                    self._bus.invoke(tx, caller, "sns", "Publish", {"TopicArn": topic, **message})
                accepted.append(topic)
            except AwsError as error:
                log.error("could not alert %s: %s: %s", topic, message["Subject"], error)
                lost_alerts.put(tx, LostAlert(tx.now, f"topic {topic}", f"{error.code}: {error.message}"))
        return accepted

    def _compose(self, tx: Tx, caller: Caller, params: Json) -> Alert | None:
        compose = COMPOSERS[params["Annotation"]["Pattern"]]
        return compose(AlertQueries(self._bus, tx, caller), params["Annotation"], params["Channel"], params["Event"])


def _default_subject(message: str) -> Json:
    """Return the subject of a message whose alert cannot be composed: the first line, without EventBridge's quotation
    marks. No subject if that line is empty.
    """
    subject = to_subject(message.partition("\n")[0].strip('"'))
    return {"Subject": subject} if subject else {}
