"""Provide CloudWatch Logs as a service of the bus: the table of its operations by AWS's names.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html.
"""

from collections.abc import Mapping
from functools import partial

from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.services.logs import destinations, filters, log_groups, log_streams, retention, tags
from lamplighter.services.logs.delivery import deliveries, sources_and_destinations
from lamplighter.services.logs.metric_extraction import MetricExtractor
from lamplighter.services.logs.put_log_events import LogEventWriter
from lamplighter.services.logs.read_lines import LineReader
from lamplighter.services.logs.resource_policies import ResourcePolicies, find_policies
from lamplighter.services.logs.search_events import EventSearch
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer


class Logs(Service):
    """The CloudWatch Logs service of one engine."""

    name = retention.SERVICE

    def __init__(self, bus: Bus, world: World) -> None:
        policies = ResourcePolicies(world)
        lines = LineReader(world)
        ingest, search = LogEventWriter(world, MetricExtractor(bus, world)), EventSearch(world)
        self.operations: Mapping[str, Operation] = {
            "CreateLogGroup": Operation(write=log_groups.create_group),
            "DeleteLogGroup": Operation(write=log_groups.delete_group),
            "DescribeLogGroups": Operation(read=log_groups.describe_groups),
            "ListLogGroups": Operation(read=log_groups.list_groups),
            "PutRetentionPolicy": Operation(write=log_groups.put_retention),
            "DeleteRetentionPolicy": Operation(write=log_groups.delete_retention),
            "PutLogGroupDeletionProtection": Operation(write=log_groups.set_deletion_protection),
            "AssociateKmsKey": Operation(write=log_groups.associate_kms_key),
            "DisassociateKmsKey": Operation(write=log_groups.disassociate_kms_key),
            **tags.OPERATIONS_BY_NAME.changes("LogGroup"),
            "ListTagsLogGroup": Operation(read=tags.OPERATIONS_BY_NAME.list),
            **tags.OPERATIONS.by_name(),
            "CreateLogStream": Operation(write=log_streams.create_stream),
            "DeleteLogStream": Operation(write=log_streams.delete_stream),
            "DescribeLogStreams": Operation(read=log_streams.describe_streams),
            "PutLogEvents": Operation(write=ingest.put, prepare=ingest.prepare),
            "GetLogEvents": Operation(read=search.get),
            "FilterLogEvents": Operation(read=search.filter),
            "GetLogLines": Operation(read=lines.read),
            "FilterLogLines": Operation(read=lines.find),
            "PutMetricFilter": Operation(write=filters.put_metric_filter),
            "DescribeMetricFilters": Operation(read=filters.describe_metric_filters),
            "DeleteMetricFilter": Operation(write=partial(filters.delete_filter, "metric")),
            "TestMetricFilter": Operation(read=filters.run_pattern_test, prepare=filters.prepare_pattern_test),
            "PutSubscriptionFilter": Operation(write=filters.put_subscription_filter),
            "DescribeSubscriptionFilters": Operation(read=filters.describe_subscription_filters),
            "DeleteSubscriptionFilter": Operation(write=partial(filters.delete_filter, "subscription")),
            "PutResourcePolicy": Operation(write=policies.put),
            "DescribeResourcePolicies": Operation(read=policies.describe),
            "FindPolicy": Operation(read=find_policies),
            "DeleteResourcePolicy": Operation(write=policies.delete),
            **_delivery_operations(world),
        }

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete the next slice of expired or deleted log events."""
        retention.fire_timer(tx, timer)


def _delivery_operations(world: World) -> Mapping[str, Operation]:
    """Return the operations on destinations, delivery sources, delivery destinations and deliveries."""
    return {
        "PutDestination": Operation(write=destinations.put_destination),
        "PutDestinationPolicy": Operation(write=destinations.put_policy),
        "DescribeDestinations": Operation(read=destinations.describe_destinations),
        "DeleteDestination": Operation(write=destinations.delete_destination),
        "PutDeliverySource": Operation(write=sources_and_destinations.put_source),
        "GetDeliverySource": Operation(read=sources_and_destinations.get_source),
        "DescribeDeliverySources": Operation(read=sources_and_destinations.describe_sources),
        "DeleteDeliverySource": Operation(write=sources_and_destinations.delete_source),
        "PutDeliveryDestination": Operation(write=sources_and_destinations.put_destination),
        "GetDeliveryDestination": Operation(read=sources_and_destinations.get_destination),
        "DescribeDeliveryDestinations": Operation(read=sources_and_destinations.describe_destinations),
        "DeleteDeliveryDestination": Operation(write=sources_and_destinations.delete_destination),
        "PutDeliveryDestinationPolicy": Operation(write=sources_and_destinations.put_policy),
        "GetDeliveryDestinationPolicy": Operation(read=sources_and_destinations.get_policy),
        "DeleteDeliveryDestinationPolicy": Operation(write=sources_and_destinations.delete_policy),
        "CreateDelivery": Operation(write=deliveries.Deliveries(world).create),
        "UpdateDeliveryConfiguration": Operation(write=deliveries.update),
        "GetDelivery": Operation(read=deliveries.get),
        "DescribeDeliveries": Operation(read=deliveries.describe),
        "DeleteDelivery": Operation(write=deliveries.delete),
    }
