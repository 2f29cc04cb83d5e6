"""Alerts as the engine sees them: operations on the bus only, that a rule of a job file's stack is delivered to.

Promises that composing and publishing are part of the transaction that settles the rule's delivery: told exactly once.
A run is told of once in a channel: where the run itself has told it (pattern 3, "caught"), the rule on its end (pattern
2, "run-failed") stays silent there, unless it has found the lines of a log that the run could not. Attempts are told
besides, for they are asked for by name.
"""

import logging
import sqlite3
from collections.abc import Mapping

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.delivery.tables import lost_alerts
from lamplighter.delivery.tables.lost_alerts import LostAlert
from lamplighter.services.alerts import attempt_alert, dropped_slots_alert, outage_alert, run_alert
from lamplighter.services.alerts.alert_text import Alert, alert_body, alert_subject
from lamplighter.services.alerts.queries import AlertQueries
from lamplighter.store.db import Tx

COMPOSERS = {"attempt-failed": attempt_alert.compose_attempt_alert, "run-failed": run_alert.compose_run_alert}
"""By pattern, what makes an alert of an event; None where there is nothing to tell."""

log = logging.getLogger("lamplighter.alerts")


class Alerts(Service):
    """The service of one engine; `url`: where its console is."""

    name = "alerts"

    def __init__(self, bus: Bus, world: World, url: str) -> None:
        self._bus = bus
        self._world = world
        self._url = url
        self.operations: Mapping[str, Operation] = {
            "Tell": Operation(write=self.send_alert),
            "TellDropped": Operation(write=self.send_dropped),
            "TellOutage": Operation(write=self.send_outage),
            "TellRecovery": Operation(write=self.send_recovery),
        }

    def send_alert(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Tell: {Mark, Channel, TopicArn, Message, Event}: `Message` is told where nothing better can be composed."""
        message = {"TopicArn": params["TopicArn"], "Message": params["Message"]}
        try:
            alert = self._compose(tx, caller, params)
        except sqlite3.Error:
            raise
        except Exception as error:
            known = isinstance(error, AwsError)
            log.warning("an alert of %s is told as it came: %s", params["Mark"], error, exc_info=not known)
        else:
            if alert is None:
                log.info("%s need not be told of %s", params["Channel"], params["Mark"]["Job"])
                return {}
            message |= {"Subject": alert_subject(alert), "Message": alert_body(alert, self._url)}
        return self._bus.invoke(tx, caller, "sns", "Publish", message)

    def send_dropped(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """TellDropped: {TopicArn, Project, Job, Slots}: a job did not start at these times, and will not for them."""
        said = dropped_slots_alert.compose_dropped_alert(params["Project"], params["Job"], params["Slots"], self._url)
        return self._bus.invoke(tx, caller, "sns", "Publish", {"TopicArn": params["TopicArn"], **said})

    def send_outage(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """TellOutage: {Since, Tasks, Families}: tasks wait for a runtime that is away; {Topics}: who was told."""
        topics = outage_alert.outage_topics(AlertQueries(self._bus, tx, caller), params["Families"])
        return {"Topics": self._publish_all(tx, caller, topics, outage_alert.compose_outage(params, self._url))}

    def send_recovery(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """TellRecovery: {Topics, Since, Until}: the runtime answers again."""
        return {"Topics": self._publish_all(tx, caller, params["Topics"], outage_alert.compose_recovery(params))}

    def _publish_all(self, tx: Tx, caller: Caller, topics: list[str], said: Json) -> list[str]:
        """Publish to each topic; those that took it. One that is gone holds up no other."""
        taken = []
        for topic in topics:
            try:
                with tx.nested():
                    self._bus.invoke(tx, caller, "sns", "Publish", {"TopicArn": topic, **said})
                taken.append(topic)
            except AwsError as error:
                log.error("%s could not be told: %s: %s", topic, said["Subject"], error)
                lost_alerts.put(tx, LostAlert(self._world.now(), f"topic {topic}", f"{error.code}: {error.message}"))
        return taken

    def _compose(self, tx: Tx, caller: Caller, params: Json) -> Alert | None:
        compose = COMPOSERS[params["Mark"]["Pattern"]]
        return compose(AlertQueries(self._bus, tx, caller), params["Mark"], params["Channel"], params["Event"])
