"""Provide CloudWatch Logs as a service of the bus: the table of its operations by AWS's names.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html.
"""

from collections.abc import Mapping

from lamplighter.base.world import World
from lamplighter.bus import Bus, Operation, Service
from lamplighter.services.logs import retention, tags
from lamplighter.services.logs.filters import LogFilters
from lamplighter.services.logs.log_groups import LogGroups
from lamplighter.services.logs.log_streams import LogStreams
from lamplighter.services.logs.metric_extraction import MetricExtractor
from lamplighter.services.logs.put_log_events import LogEventWriter
from lamplighter.services.logs.resource_policies import ResourcePolicies
from lamplighter.services.logs.search_events import EventSearch
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer


class Logs(Service):
    """The CloudWatch Logs service of one engine."""

    name = retention.SERVICE

    def __init__(self, bus: Bus, world: World) -> None:
        policies = ResourcePolicies(world)
        groups, streams, filters = LogGroups(world), LogStreams(world), LogFilters(world)
        ingest, search = LogEventWriter(world, MetricExtractor(bus, world)), EventSearch(world)
        self.operations: Mapping[str, Operation] = {
            "CreateLogGroup": Operation(write=groups.create),
            "DeleteLogGroup": Operation(write=groups.delete),
            "DescribeLogGroups": Operation(read=groups.describe),
            "ListLogGroups": Operation(read=groups.list),
            "PutRetentionPolicy": Operation(write=groups.put_retention),
            "DeleteRetentionPolicy": Operation(write=groups.delete_retention),
            "PutLogGroupDeletionProtection": Operation(write=groups.set_deletion_protection),
            "AssociateKmsKey": Operation(write=groups.associate_kms_key),
            "DisassociateKmsKey": Operation(write=groups.disassociate_kms_key),
            "TagLogGroup": Operation(write=tags.OPERATIONS_BY_NAME.tag),
            "UntagLogGroup": Operation(write=tags.OPERATIONS_BY_NAME.untag),
            "ListTagsLogGroup": Operation(read=tags.OPERATIONS_BY_NAME.list),
            **tags.OPERATIONS.by_name(),
            "CreateLogStream": Operation(write=streams.create),
            "DeleteLogStream": Operation(write=streams.delete),
            "DescribeLogStreams": Operation(read=streams.describe),
            "PutLogEvents": Operation(write=ingest.put, prepare=ingest.prepare),
            "GetLogEvents": Operation(read=search.get),
            "FilterLogEvents": Operation(read=search.filter),
            "PutMetricFilter": Operation(write=filters.put_metric),
            "DescribeMetricFilters": Operation(read=filters.describe_metrics),
            "DeleteMetricFilter": Operation(write=filters.delete_metric),
            "TestMetricFilter": Operation(read=filters.test, prepare=filters.prepare_test),
            "PutSubscriptionFilter": Operation(write=filters.put_subscription),
            "DescribeSubscriptionFilters": Operation(read=filters.describe_subscriptions),
            "DeleteSubscriptionFilter": Operation(write=filters.delete_subscription),
            "PutResourcePolicy": Operation(write=policies.put),
            "DescribeResourcePolicies": Operation(read=policies.describe),
            "DeleteResourcePolicy": Operation(write=policies.delete),
        }

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Delete the next slice of expired or deleted log events."""
        retention.fire_timer(tx, timer)
