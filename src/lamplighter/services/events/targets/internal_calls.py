"""Operations that no customer has: what becomes of an event at a target that one call of AWS would not do for."""

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
    """The ends of ways that lead through this engine."""

    def __init__(self, bus: Bus, router: EventRouter) -> None:
        self._bus = bus
        self._router = router

    def forward(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """An event goes on to another bus, as it is."""
        bus = find_bus(tx, caller, params["bus"])
        self._router.route(tx, caller, bus.name, params["event"], hops=params["hops"])
        return {}

    def log(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """An event becomes a line of a log: a stream of its own, with one entry."""
        names = {"logGroupName": params["group"], "logStreamName": params["stream"]}
        entries = [{"timestamp": _time(params["time"]), "message": params["message"]}]
        self._bus.invoke(tx, caller, "logs", "CreateLogStream", names)
        return self._bus.invoke(tx, caller, "logs", "PutLogEvents", names | {"logEvents": entries})

    def redeliver(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        """A dead letter is brought to the target of a rule after all, as both are now."""
        rule = rows.by_arn(tx, params["RuleArn"])
        found = [each for each in targets.targets_of_rule(tx, params["RuleArn"]) if each["Arn"] == params["TargetArn"]]
        if rule is None or not found:
            raise AwsError("The rule, or this target of it, does not exist any more.", code="ResourceNotFoundException")
        for target in found:
            self._router.redeliver(tx, rule, target, params["Event"])
        return {}

    def call_api(self, tx: Tx, caller: Caller, params: Json) -> Awaitable[Json]:
        """An event goes to an API destination."""
        return call_api(self._bus, tx, caller, params)

    def refuse(self, _tx: Tx, _caller: Caller, params: Json) -> Json:
        """An event can't be brought to its target, which was known when it came."""
        raise AwsError(params["message"], code=params["code"])


def _time(given: Json) -> int:
    """Milliseconds; deliveries that were written before have the text of the event's time."""
    return parse_instant(given) if isinstance(given, str) else int(given)
