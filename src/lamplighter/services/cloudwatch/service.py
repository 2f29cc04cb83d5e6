"""Provide CloudWatch as a service of the bus: its operations by AWS's names, its timers and its outbox rows."""

from collections.abc import Callable, Mapping
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.delivery.delivery_queue import DeliveryQueue, is_delivery
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.cloudwatch.alarms import alarm_tags, describe_alarms
from lamplighter.services.cloudwatch.alarms.action_suppression import SUPPRESSION_TIMER
from lamplighter.services.cloudwatch.alarms.alarm_history import describe_history, record_delivery
from lamplighter.services.cloudwatch.alarms.alarm_timers import AlarmTimers
from lamplighter.services.cloudwatch.alarms.composite_alarms import CompositeAlarms
from lamplighter.services.cloudwatch.alarms.metric_alarms import MetricAlarms
from lamplighter.services.cloudwatch.alarms.state_changes import AlarmStateChanges
from lamplighter.services.cloudwatch.arns import SERVICE, SERVICE_PRINCIPAL
from lamplighter.services.cloudwatch.metrics.get_metric_data import MetricDataReader
from lamplighter.services.cloudwatch.metrics.get_metric_statistics import MetricStatisticsReader
from lamplighter.services.cloudwatch.metrics.list_metrics import MetricList
from lamplighter.services.cloudwatch.metrics.metric_sources import MetricSources
from lamplighter.services.cloudwatch.metrics.put_metric_data import prepare_points, put_metric_data
from lamplighter.store.db import OutboxRow, Store, Tx
from lamplighter.store.timers import Timer


class CloudWatch(Service):
    """The CloudWatch service of one engine; `validate` returns the parameters that a call has by its shape."""

    name = SERVICE

    def __init__(
        self, bus: Bus, world: World, remote: RemoteServices, validate: Callable[[str, str, Json], Json], url: str
    ) -> None:
        self._delivery_queue = DeliveryQueue(
            SERVICE,
            bus,
            world,
            remote,
            record_delivery,
            validate=validate,
            needs_resource_policy=True,
            service_principal=SERVICE_PRINCIPAL,
        )
        self._state_changes = state_changes = AlarmStateChanges(bus, world, url, self._delivery_queue.send)
        metric_sources = MetricSources(bus, world)
        self._alarm_timers = alarm_timers = AlarmTimers(world, metric_sources, state_changes)
        composites = CompositeAlarms(state_changes)
        alarms = MetricAlarms(alarm_timers, state_changes)
        self.operations: Mapping[str, Operation] = {
            "PutMetricAlarm": Operation(write=alarms.put),
            "PutCompositeAlarm": Operation(write=composites.put),
            "DeleteAlarms": Operation(write=alarms.delete),
            "EnableAlarmActions": Operation(write=partial(alarms.set_actions_enabled, enabled=True)),
            "DisableAlarmActions": Operation(write=partial(alarms.set_actions_enabled, enabled=False)),
            "SetAlarmState": Operation(write=alarms.set_state),
            # AWS has no such operation: it stores what a template's metadata states about an alarm.
            "SetAnnotation": Operation(write=alarms.annotate),
            "DescribeAlarms": Operation(read=describe_alarms.describe_alarms),
            "DescribeAlarmHistory": Operation(read=describe_history),
            "PutMetricData": Operation(write=put_metric_data, prepare=partial(prepare_points, world)),
            **_reading_operations(world, metric_sources, bus.store),
            **alarm_tags.OPERATIONS,
        }

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Deliver an action of an alarm."""
        await self._delivery_queue.handle_outbox_row(row)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Evaluate an alarm, end a wait for its suppressor, or retry the delivery of an action."""
        if is_delivery(timer.subject):
            self._delivery_queue.fire_timer(tx, timer)
        elif timer.name == SUPPRESSION_TIMER:
            self._state_changes.end_suppression(tx, timer.subject)
        else:
            self._alarm_timers.fire_timer(tx, timer)


def _reading_operations(world: World, metric_sources: MetricSources, store: Store) -> Mapping[str, Operation]:
    """Return the operations that read metrics."""
    statistics, data = MetricStatisticsReader(metric_sources, store), MetricDataReader(metric_sources, store)
    return {
        "ListMetrics": Operation(read=MetricList(world, metric_sources).list_metrics),
        "GetMetricStatistics": Operation(read=statistics.get_statistics, prepare=statistics.prepare),
        "GetMetricData": Operation(read=data.get_data, prepare=data.prepare),
    }
