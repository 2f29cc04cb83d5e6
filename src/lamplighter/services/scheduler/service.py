"""Connect EventBridge Scheduler to the bus: its operations by AWS's names, its outbox rows and its timers.

See https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html.
"""

from collections.abc import Callable, Mapping

from lamplighter.base.aws.service_model import ServiceModel
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.delivery.delivery import Delivery, DeliveryOutcome
from lamplighter.delivery.delivery_queue import DeliveryQueue, is_delivery
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.scheduler import arns, dropped_slots, night_slots, slot_operations, target_delivery
from lamplighter.services.scheduler.client_tokens import idempotent
from lamplighter.services.scheduler.dropped_slots import DroppedSlotNotifier
from lamplighter.services.scheduler.fire_schedules import ScheduleFirer
from lamplighter.services.scheduler.measure_slots import measure_slots
from lamplighter.services.scheduler.schedule_groups import ScheduleGroups
from lamplighter.services.scheduler.schedules import Schedules
from lamplighter.services.scheduler.tables import schedule_groups
from lamplighter.services.scheduler.tables import schedules as rows
from lamplighter.services.scheduler.universal_targets import AwsServices
from lamplighter.store import outbox
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer

MAX_DELETED_PER_TURN = 50


class Scheduler(Service):
    """EventBridge Scheduler as a service of the engine."""

    name = arns.SERVICE

    def __init__(
        self,
        bus: Bus,
        world: World,
        remote: RemoteServices,
        model: Callable[[str], ServiceModel | None],
        validate: Callable[[str, str, Json], Json],
    ) -> None:
        self._bus = bus
        self._delivery_queue = DeliveryQueue(
            self.name,
            bus,
            world,
            remote,
            self._on_delivery_end,
            validate=validate,
            error_code=target_delivery.error_code,
            prepare=target_delivery.with_attempt_number,
        )
        services = AwsServices(remote.botocore_name, model)
        self._notifier = DroppedSlotNotifier(bus, world, self._delivery_queue.send)
        self._firer = ScheduleFirer(world, self._delivery_queue.send, services, self._notifier)
        groups = ScheduleGroups(world.now())
        tags = groups.tag_operations()
        self._schedules = schedules = Schedules(bus, world, groups, self._firer, services)
        writes = {
            "CreateSchedule": schedules.create,
            "UpdateSchedule": schedules.update,
            "DeleteSchedule": schedules.delete,
            "CreateScheduleGroup": groups.create,
            "DeleteScheduleGroup": groups.delete,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
        }
        self.operations: Mapping[str, Operation] = {
            **{name: Operation(write=idempotent(name, write)) for name, write in writes.items()},
            "GetSchedule": Operation(read=schedules.describe),
            "ListSchedules": Operation(read=schedules.list),
            "GetScheduleGroup": Operation(read=groups.describe),
            "ListScheduleGroups": Operation(read=groups.list),
            "ListTagsForResource": Operation(read=tags.list),
            "SetMissed": Operation(write=slot_operations.set_missed),
            "SetAnnotation": Operation(write=slot_operations.set_annotation),
            "ListSlots": Operation(read=slot_operations.list_slots),
            "DescribeSchedules": Operation(read=night_slots.describe_schedules),
            "ListScheduleZones": Operation(read=night_slots.list_schedule_zones),
            "ListNightSlots": Operation(read=night_slots.list_night_slots),
            "MeasureSlots": Operation(read=measure_slots),
        }

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Attempt a delivery, or delete the schedules of a group that is being deleted."""
        if is_delivery(row.subject):
            await self._delivery_queue.handle_outbox_row(row)
            return
        while await self._bus.store.write_with_retry(lambda tx: self._delete_some_schedules(tx, row)):
            pass

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Handle the timer of a slot, of another attempt of a delivery, or of a message about dropped slots."""
        if is_delivery(timer.subject):
            self._delivery_queue.fire_timer(tx, timer)
        elif timer.subject.startswith(dropped_slots.SUBJECT_PREFIX):
            self._notifier.fire_timer(tx, timer)
        else:
            self._firer.fire_timer(tx, timer)

    def _on_delivery_end(self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome) -> None:
        if not delivery.key.startswith(dropped_slots.KEY_PREFIX):
            self._firer.on_delivery_finished(tx, delivery, outcome)

    def _delete_some_schedules(self, tx: Tx, row: OutboxRow) -> bool:
        """Delete some schedules of a group, and the group after the last of them; return whether there are more."""
        first = f"{row.subject.replace(':schedule-group/', ':schedule/', 1)}/"
        found = rows.page(tx, first, arns.end_of_prefix(first), "", MAX_DELETED_PER_TURN)
        for schedule in found:
            self._schedules.remove(tx, schedule)
        if len(found) < MAX_DELETED_PER_TURN:
            schedule_groups.delete(tx, row.subject)
            outbox.delete(tx, row.id)
        return len(found) == MAX_DELETED_PER_TURN
