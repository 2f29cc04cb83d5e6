"""Valid requests of CloudWatch Logs."""

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import POLICY, ROLE
from tests.fuzz.valid_requests.place import LOGS

GROUP: Json = {"logGroupName": "a"}
STREAM: Json = {**GROUP, "logStreamName": "a"}
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/a"
RESOURCE: Json = {"resourceArn": f"{LOGS}:log-group:a"}

BEGIN: list[tuple[str, Json]] = [
    ("CreateLogGroup", GROUP),
    ("CreateLogStream", STREAM),
    ("PutLogEvents", {**STREAM, "logEvents": [{"timestamp": 1_767_225_600_000, "message": "a"}]}),
    ("GetLogEvents", STREAM),
    ("FilterLogEvents", GROUP),
    ("DescribeLogGroups", {}),
    ("DescribeLogStreams", GROUP),
    ("ListLogGroups", {}),
    ("PutRetentionPolicy", {**GROUP, "retentionInDays": 1}),
    ("PutMetricFilter", {
        **GROUP, "filterName": "a", "filterPattern": "",
        "metricTransformations": [{"metricName": "a", "metricNamespace": "a", "metricValue": "1"}],
    }),
    ("DescribeMetricFilters", {}),
    ("TestMetricFilter", {"filterPattern": "a", "logEventMessages": ["a"]}),
    ("PutSubscriptionFilter", {
        **GROUP, "filterName": "a", "filterPattern": "", "roleArn": ROLE,
        "destinationArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/a",
    }),
    ("DescribeSubscriptionFilters", GROUP),
    ("PutResourcePolicy", {"policyName": "a", "policyDocument": POLICY}),
    ("DescribeResourcePolicies", {}),
    ("AssociateKmsKey", {**GROUP, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/a"}),
    ("PutLogGroupDeletionProtection", {"logGroupIdentifier": "a", "deletionProtectionEnabled": False}),
    ("PutDestination", {"destinationName": "a", "targetArn": STREAM_ARN, "roleArn": ROLE}),
    ("PutDestinationPolicy", {"destinationName": "a", "accessPolicy": POLICY}),
    ("DescribeDestinations", {}),
    ("PutDeliverySource", {
        "name": "a", "logType": "APPLICATION_LOGS",
        "resourceArn": "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/a",
    }),
    ("GetDeliverySource", {"name": "a"}),
    ("DescribeDeliverySources", {}),
    ("PutDeliveryDestination", {
        "name": "a", "deliveryDestinationConfiguration": {"destinationResourceArn": f"{LOGS}:log-group:a"},
    }),
    ("GetDeliveryDestination", {"name": "a"}),
    ("DescribeDeliveryDestinations", {}),
    ("PutDeliveryDestinationPolicy", {"deliveryDestinationName": "a", "deliveryDestinationPolicy": POLICY}),
    ("GetDeliveryDestinationPolicy", {"deliveryDestinationName": "a"}),
    ("CreateDelivery", {
        "deliverySourceName": "a", "deliveryDestinationArn": f"{LOGS}:delivery-destination:a",
    }),
    ("GetDelivery", {"id": "${id}"}),
    ("DescribeDeliveries", {}),
    ("UpdateDeliveryConfiguration", {"id": "${id}"}),
    ("TagResource", {**RESOURCE, "tags": {"a": "b"}}),
    ("ListTagsForResource", RESOURCE),
    ("TagLogGroup", {**GROUP, "tags": {"b": "c"}}),
    ("ListTagsLogGroup", GROUP),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagLogGroup", {**GROUP, "tags": ["b"]}),
    ("UntagResource", {**RESOURCE, "tagKeys": ["a"]}),
    ("DeleteDelivery", {"id": "${id}"}),
    ("DeleteDeliveryDestinationPolicy", {"deliveryDestinationName": "a"}),
    ("DeleteDeliveryDestination", {"name": "a"}),
    ("DeleteDeliverySource", {"name": "a"}),
    ("DeleteDestination", {"destinationName": "a"}),
    ("DisassociateKmsKey", GROUP),
    ("DeleteResourcePolicy", {"policyName": "a"}),
    ("DeleteSubscriptionFilter", {**GROUP, "filterName": "a"}),
    ("DeleteMetricFilter", {**GROUP, "filterName": "a"}),
    ("DeleteRetentionPolicy", GROUP),
    ("DeleteLogStream", STREAM),
    ("DeleteLogGroup", GROUP),
]
