"""Implement the internal operations for targets that one call of AWS cannot serve; customers cannot call them."""

from collections.abc import Awaitable

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller
from lamplighter.services.events.arns import parse_instant
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.buses.router import EventRouter
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables import targets
from lamplighter.services.events.targets.api_destination_calls import call_api
from lamplighter.store.db import Tx


class InternalCalls:
    """The internal operations for targets."""

    def __init__(self, bus: Bus, router: EventRouter) -> None:
        self._bus = bus
        self._router = router

    def put_event_on_bus(self, tx: Tx, caller: Caller, params: Json) -> None:
        """Put an event on another bus, unchanged."""
        bus = find_bus(tx, caller, params["bus"])
        self._router.route(tx, caller, bus.name, params["event"], hops=params["hops"])

    def put_log_event(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Write an event to a log group, as the only entry of a new log stream."""
        names = {"logGroupName": params["group"], "logStreamName": params["stream"]}
        entries = [{"timestamp": _time(params["time"]), "message": params["message"]}]
        self._bus.invoke(tx, caller, "logs", "CreateLogStream", names)
        return self._bus.invoke(tx, caller, "logs", "PutLogEvents", names | {"logEvents": entries})

    def redrive_dead_letter(self, tx: Tx, _caller: Caller, params: Json) -> None:
        """Send a dead letter to its rule's target again, with the rule and the target as they are now."""
        rule = rows.get_by_arn(tx, params["RuleArn"])
        found = [each for each in targets.targets_of_rule(tx, params["RuleArn"]) if each["Arn"] == params["TargetArn"]]
        if rule is None or not found:
            raise AwsError("The rule or its target no longer exists.", code="ResourceNotFoundException")
        for target in found:
            self._router.redrive(tx, rule, target, params["Event"])

    def invoke_api_destination(self, tx: Tx, caller: Caller, params: Json) -> Awaitable[Json]:
        """Send an event to an API destination."""
        return call_api(self._bus, tx, caller, params)

    def fail_delivery(self, _tx: Tx, _caller: Caller, params: Json) -> Json:
        """Raise the reason why an event cannot be sent to its target. It was known when the event came."""
        raise AwsError(params["message"], code=params["code"])


def _time(given: Json) -> int:
    """Return milliseconds; deliveries that older versions wrote have the text of the event's time."""
    return parse_instant(given) if isinstance(given, str) else int(given)
