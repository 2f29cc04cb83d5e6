"""Route an event to the archives and to the targets of the rules that match it.

Guarantees that all of this happens in the transaction in which the event came. An event has EventBridge's form:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller, Event
from lamplighter.delivery.delivery import Delivery
from lamplighter.delivery.delivery_queue import DeliveryQueue
from lamplighter.lang.event_pattern.pattern import Pattern, PatternTooComplex
from lamplighter.lang.input_transformer import transform
from lamplighter.lang.jsonpath.paths import PathError, QueryTooComplex
from lamplighter.services.events.arns import DEFAULT_BUS, derive_id, format_instant, owner_of, parse_instant
from lamplighter.services.events.buses.recent_events import RecentEvents
from lamplighter.services.events.rules.bus_rules import BusRules, CompiledRule
from lamplighter.services.events.rules.compiled_rules import CompiledRules
from lamplighter.services.events.tables import archived_events as archived
from lamplighter.services.events.tables import targets
from lamplighter.services.events.tables.resources import Resource
from lamplighter.services.events.targets.target_calls import INTERNAL_SERVICE, TargetCall, TargetInput, target_call
from lamplighter.services.events.targets.targets import retry_policy_of
from lamplighter.store.db import Reader, Tx

log = logging.getLogger("lamplighter.events")

DAY_MILLISECONDS = 86_400_000
MAX_HOPS = 1
"""The most times that an event may be forwarded between buses: it cannot be sent "to a third event bus"."""


@dataclass(frozen=True, slots=True)
class PrematchedEvent:
    """Results that were computed for an event before its turn: its text, and which patterns of that time match it."""

    text: str
    matches: Mapping[Pattern, bool]


def prematch_event(event: Json, rules: BusRules) -> PrematchedEvent:
    """Match an event with the patterns of a bus; the larger the event is, the longer this takes."""
    candidates = {each.resource.arn for each in rules.candidates(event)}
    patterns = [(arn, rule.pattern) for arn, rule in list(rules.all.items()) if rule.pattern is not None]
    return PrematchedEvent(
        dumps(event), {each: arn in candidates and _matches(arn, each, event) for arn, each in patterns}
    )


@dataclass(frozen=True, slots=True)
class EventRouter:
    """A router that sends events to archives and targets."""

    _world: World
    _delivery_queue: DeliveryQueue
    _compiled_rules: CompiledRules
    _recent_events: RecentEvents
    _dropped: Collection[str] = ()
    """The sources of the services' events that are lost."""

    def on_service_event(self, tx: Tx, event: Event) -> None:
        """Route an event of one of the engine's services, which goes to the default bus unless it is to be lost."""
        if event.source in self._dropped:
            return
        head = (self._world.uuid(), event.caller, event.source, event.detail_type)
        self.route(tx, event.caller, DEFAULT_BUS, event_envelope(*head, event.time, event.resources, event.detail))

    def has_listeners(self, tx: Tx) -> bool:
        """Return whether there is any rule or archive."""
        return self._compiled_rules.has_rules(tx)

    def rules_of_bus(self, reader: Reader, caller: Caller, bus: str) -> BusRules:
        """Return the rules and archives of a bus."""
        return self._compiled_rules.rules_of_bus(reader, caller, bus)

    def route(
        self,
        tx: Tx,
        caller: Caller,
        bus: str,
        event: Json,
        *,
        hops: int = 0,
        only: Collection[str] = (),
        prematched: PrematchedEvent | None = None,
    ) -> None:
        """Route an event that came to a bus.

        `only`: the ARNs of the only rules that may get the event, if there are any. `prematched`: the result of
        `prematch_event`, if there is one.
        """
        matched = prematched or PrematchedEvent(dumps(event), {})
        rules = self.rules_of_bus(tx, caller, bus)
        candidates = rules.candidates(event) if prematched is None else list(rules.all.values())
        matching = [candidate.resource for candidate in candidates if _matches_rule(candidate, event, matched)]
        text = matched.text
        rule_arns = [each.arn for each in matching if each.kind == "rule" and (not only or each.arn in only)]
        self._record(tx, caller, bus, text, rule_arns)
        for resource in matching:
            if resource.kind == "rule":
                if resource.arn in rule_arns:
                    self._send_to_targets(tx, resource, event, text, hops)
            elif "replay-name" not in event:
                self._archive(tx, resource, event["time"], text)

    def _record(self, tx: Tx, caller: Caller, bus: str, text: str, rules: Sequence[str]) -> None:
        """Add an event to the recent ones after the commit: a transaction that is undone has no events."""
        tx.after_commit.append(partial(self._recent_events.add, caller, tx.now, bus, text, rules))

    def fire_scheduled_rule(self, tx: Tx, rule: Resource, slot: int) -> None:
        """Send an event for one time of a rule's schedule to the rule's targets."""
        caller = Caller(rule.account, rule.region)
        name = derive_id(rule.arn, str(slot))
        event = event_envelope(name, caller, "aws.events", "Scheduled Event", slot, (rule.arn,), {})
        text = dumps(event)
        self._record(tx, caller, DEFAULT_BUS, text, (rule.arn,))
        self._send_to_targets(tx, rule, event, text, 0, created=slot)

    def _archive(self, tx: Tx, archive: Resource, time: str, text: str) -> None:
        now = tx.now
        archived.put(tx, archive_key(archive), now, now if time == format_instant(now) else parse_instant(time), text)
        archived.sweep(tx, archive_key(archive), retention_start(archive, now))

    def _send_to_targets(
        self, tx: Tx, rule: Resource, event: Json, text: str, hops: int, *, created: int | None = None
    ) -> None:
        now = tx.now
        for target in targets.targets_of_rule(tx, rule.arn):
            policy = retry_policy_of(target)
            if created is not None and now - created > policy.age * 1000:
                continue
            if hops >= MAX_HOPS and _is_bus(target["Arn"]):
                continue
            key = "/".join((event["id"], event.get("replay-name", ""), rule.arn, target["Id"]))
            call = self._build_call(rule, target, key, event, text, hops)
            self._send_delivery(tx, rule, target, key, call, text, now if created is None else created)

    def redrive(self, tx: Tx, rule: Resource, target: Json, text: str) -> None:
        """Send an event whose delivery has failed to a target again, because a person requests it."""
        key = f"again/{self._world.uuid()}/{rule.arn}/{target['Id']}"
        call = self._build_call(rule, target, key, loads(text), text, 0)
        self._send_delivery(tx, rule, target, key, call, text, tx.now)

    def _send_delivery(
        self, tx: Tx, rule: Resource, target: Json, key: str, call: TargetCall, text: str, created: int
    ) -> None:
        delivery = Delivery(
            key,
            replace(owner_of(target["Arn"], Caller(rule.account, rule.region)), origin=rule.arn),
            call.service,
            call.operation,
            call.params,
            retry_policy_of(target),
            target.get("DeadLetterConfig", {}).get("Arn"),
            body=text,
            attributes={"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"]},
            created=created,
            role=target.get("RoleArn", ""),
        )
        self._delivery_queue.send(tx, delivery)

    def _build_call(self, rule: Resource, target: Json, key: str, event: Json, text: str, hops: int) -> TargetCall:
        """Return the call for a target, or a call that raises the reason why the event cannot be sent there."""
        try:
            given = transform(target, event, text, (rule.arn, rule.name), format_instant(self._world.now()))
            return target_call(TargetInput(key, rule.name, target, given, event, hops, rule.body.get("Annotation")))
        except AwsError as error:
            return TargetCall(INTERNAL_SERVICE, "FailDelivery", {"code": error.code, "message": error.message})
        except (PathError, QueryTooComplex) as error:
            return TargetCall(INTERNAL_SERVICE, "FailDelivery", {"code": "INVALID_PARAMETER", "message": str(error)})


def event_envelope(
    id: str,  # noqa: A002 - AWS's word
    caller: Caller,
    source: str,
    detail_type: str,
    time: int,
    resources: Collection[str],
    detail: Json,
) -> Json:
    """Return an event in the form in which targets get it."""
    return {
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": caller.account,
        "time": format_instant(time),
        "region": caller.region,
        "resources": list(resources),
        "detail": detail,
    }


def archive_key(archive: Resource) -> str:
    """Return the key under which an archive's events are stored; a new archive with the same name has a new key."""
    return str(archive.body.get("Events", archive.arn))


def _matches_rule(candidate: CompiledRule, event: Json, matched: PrematchedEvent) -> bool:
    if candidate.pattern is None:
        return True
    found = matched.matches.get(candidate.pattern)
    return _matches(candidate.resource.arn, candidate.pattern, event) if found is None else found


def _matches(arn: str, pattern: Pattern, event: Json) -> bool:
    """Return whether a rule or archive matches an event; if that takes too long, log it and return False."""
    try:
        return pattern.matches(event)
    except PatternTooComplex as error:
        log.warning("%s does not get the event %s: %s", arn, event["id"], error)
        return False


def retention_start(archive: Resource, now: int) -> int:
    """Return the earliest arrival time of events that have not expired, in milliseconds since the epoch."""
    days = archive.body.get("RetentionDays", 0)
    return max(0, now - days * DAY_MILLISECONDS) if days else 0


def _is_bus(target: str) -> bool:
    found = arn.parse(target)
    return found is not None and found.service == "events" and found.resource.startswith("event-bus/")
