"""Connect EventBridge to the engine: its operations under AWS's names, its deliveries, timers and replays."""

from collections.abc import Callable, Collection, Mapping

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.delivery.delivery_queue import DeliveryQueue, is_delivery
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.events import tags
from lamplighter.services.events.buses import buses, permissions
from lamplighter.services.events.buses.archives import SUBJECT_PREFIX as ARCHIVE
from lamplighter.services.events.buses.archives import Archives
from lamplighter.services.events.buses.put_events import EventPublisher
from lamplighter.services.events.buses.recent_events import RecentEvents
from lamplighter.services.events.buses.replays import SUBJECT_PREFIX, Replays
from lamplighter.services.events.buses.router import EventRouter
from lamplighter.services.events.rules import event_patterns
from lamplighter.services.events.rules.compiled_rules import CompiledRules
from lamplighter.services.events.rules.rules import Rules
from lamplighter.services.events.rules.scheduled_rules import SERVICE, ScheduledRules
from lamplighter.services.events.targets import targets
from lamplighter.services.events.targets.api_destinations import ApiDestinations
from lamplighter.services.events.targets.connections import Connections
from lamplighter.services.events.targets.dead_letter_codes import error_code
from lamplighter.services.events.targets.internal_calls import InternalCalls
from lamplighter.services.events.targets.target_calls import INTERNAL_SERVICE
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

Validate = Callable[[str, str, Json], Json]


class Events(Service):
    """The EventBridge service of one engine.

    `validate` returns the parameters of a call to a rule's target that AWS's model has, and raises if they do not fit.
    `dropped` are the sources of the events that are lost. `aws_limits` states whether AWS's quota of rules holds.
    """

    name = SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        validate: Validate,
        *,
        dropped: Collection[str] = (),
        aws_limits: bool = False,
    ) -> None:
        self._delivery_queue = DeliveryQueue(
            SERVICE, bus, world, remote, validate=validate, error_code=error_code, needs_resource_policy=True
        )
        compiled_rules = CompiledRules(world)
        recent_events = RecentEvents()
        router = EventRouter(world, self._delivery_queue, compiled_rules, recent_events, dropped)
        self._scheduled_rules = ScheduledRules(router)
        self._replays = replays = Replays(bus, world, router)
        bus.subscribe("*", router.on_service_event, compiled_rules.has_rules)
        internal_calls = InternalCalls(bus, router)
        bus.serve(
            INTERNAL_SERVICE,
            {
                "PutEventOnBus": Operation(write=internal_calls.put_event_on_bus),
                "InvokeApiDestination": Operation(write=internal_calls.invoke_api_destination),
                "PutLogEvent": Operation(write=internal_calls.put_log_event),
                "FailDelivery": Operation(write=internal_calls.fail_delivery),
            },
        )
        publisher = EventPublisher(world, router)
        rules = Rules(self._scheduled_rules, compiled_rules, aws_limits=aws_limits)
        self._archives = archives = Archives(world, compiled_rules)
        connections, destinations = Connections(bus, world), ApiDestinations(world)
        bus.serve("events.connections", {"RetrieveCredentials": Operation(read=connections.retrieve_credentials)})
        self.operations: Mapping[str, Operation] = {
            "CreateEventBus": Operation(write=buses.create_bus),
            "UpdateEventBus": Operation(write=buses.update_bus),
            "DeleteEventBus": Operation(write=buses.delete_bus),
            "DescribeEventBus": Operation(read=buses.describe_bus),
            "ListEventBuses": Operation(read=buses.list_buses),
            "PutPermission": Operation(write=permissions.put_permission),
            "FindPolicy": Operation(read=permissions.find_policy),
            "RemovePermission": Operation(write=permissions.remove_permission),
            "PutRule": Operation(write=rules.put),
            # Not an operation of AWS: it stores the annotation of a rule from a template's metadata.
            "SetAnnotation": Operation(write=rules.annotate),
            "DeleteRule": Operation(write=rules.delete),
            "EnableRule": Operation(write=rules.enable),
            "DisableRule": Operation(write=rules.disable),
            "DescribeRule": Operation(read=rules.describe),
            "ListRules": Operation(read=rules.list),
            "ListRuleNamesByTarget": Operation(read=rules.list_names_by_target),
            "PutTargets": Operation(write=targets.put_targets),
            "RemoveTargets": Operation(write=targets.remove_targets),
            "ListTargetsByRule": Operation(read=targets.list_targets),
            "PutEvents": Operation(write=publisher.put, prepare=publisher.prepare),
            "TestEventPattern": Operation(
                read=event_patterns.run_pattern_test, prepare=event_patterns.prepare_pattern_test
            ),
            "CreateArchive": Operation(write=archives.create),
            "UpdateArchive": Operation(write=archives.update),
            "DeleteArchive": Operation(write=archives.delete),
            "DescribeArchive": Operation(read=archives.describe),
            "ListArchives": Operation(read=archives.list_archives),
            "StartReplay": Operation(write=replays.start),
            "CancelReplay": Operation(write=replays.cancel),
            "DescribeReplay": Operation(read=replays.describe),
            "ListReplays": Operation(read=replays.list),
            "CreateConnection": Operation(write=connections.create),
            "UpdateConnection": Operation(write=connections.update),
            "DeauthorizeConnection": Operation(write=connections.deauthorize),
            "DeleteConnection": Operation(write=connections.delete),
            "DescribeConnection": Operation(read=connections.describe),
            "ListConnections": Operation(read=connections.list),
            "CreateApiDestination": Operation(write=destinations.create),
            "UpdateApiDestination": Operation(write=destinations.update),
            "DeleteApiDestination": Operation(write=destinations.delete),
            "DescribeApiDestination": Operation(read=destinations.describe),
            "ListApiDestinations": Operation(read=destinations.list),
            **tags.OPERATIONS.by_name(),
            # Not operations of AWS: the console calls them.
            "ListRecentEvents": Operation(read=recent_events.list),
            "RedriveDeadLetter": Operation(write=internal_calls.redrive_dead_letter),
        }

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Process a delivery or a replay."""
        await (self._delivery_queue if is_delivery(row.subject) else self._replays).handle_outbox_row(row)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Retry a delivery, begin a replay, delete archived events, or fire a scheduled rule."""
        if is_delivery(timer.subject):
            self._delivery_queue.fire_timer(tx, timer)
        elif timer.subject.startswith(SUBJECT_PREFIX):
            self._replays.fire_timer(tx, timer)
        elif timer.subject.startswith(ARCHIVE):
            self._archives.fire_timer(tx, timer)
        else:
            self._scheduled_rules.fire_timer(tx, timer)
