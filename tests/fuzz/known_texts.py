"""Texts that requests need in order to be accepted, by the name of the member; most have several forms."""

from collections.abc import Mapping, Sequence

from lamplighter.base.json_text import Json, dumps

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
NAMES = ("a", "b", "night", "day", "a.fifo")
"""The names of resources. There are few, so that requests meet the resources of earlier ones."""

_PASS: Json = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
_WAIT: Json = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 30, "End": True}}}
_FAIL: Json = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Boom"}}}
_ACTIVITY: Json = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Task", "Resource": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a", "HeartbeatSeconds": 60,
              "End": True},
    },
}  # fmt: skip
_MAP: Json = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Map", "ItemsPath": "$.items", "End": True,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "B", "States": {"B": {"Type": "Fail"}},
            },
        },
    },
}  # fmt: skip
_RUN_TASK: Json = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"TaskDefinition": "a"},
              "End": True},
    },
}  # fmt: skip
DEFINITIONS = tuple(map(dumps, (_PASS, _WAIT, _FAIL, _ACTIVITY, _MAP, _RUN_TASK)))
POLICY = dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage", "Resource": "*"}
        ],
    }
)
TRUST_POLICY = dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
TEMPLATES = tuple(
    map(
        dumps,
        (
            {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 5}}}},
            {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}},
            {
                "Parameters": {"a": {"Type": "String", "Default": "x"}},
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "a"}}}},
                "Outputs": {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "a"}}},
            },
        ),
    )
)

TEXTS: Mapping[str, Sequence[str]] = {
    "": ("a", "b", "1", "x y", ROLE, "{}", "true", "0"),
    "definition": DEFINITIONS,
    "definitionstring": DEFINITIONS,
    "input": ("{}", '{"items":[1,2]}', "[1]", "1"),
    "output": ("{}", "1"),
    "rolearn": (ROLE,),
    "executionrolearn": (ROLE,),
    "taskrolearn": (ROLE,),
    "scheduleexpression": ("rate(5 minutes)", "cron(0 3 * * ? *)", "at(2027-01-01T00:00:00)"),
    "scheduleexpressiontimezone": ("UTC", "Europe/Berlin"),
    "eventpattern": ('{"source":["a"]}', '{"detail":{"n":[{"numeric":[">",1]}]}}'),
    "event": (
        dumps(
            {
                "id": "1",
                "account": ACCOUNT,
                "source": "a",
                "time": "2026-01-01T00:00:00Z",
                "region": REGION,
                "resources": [],
                "detail-type": "t",
                "detail": {},
            }
        ),
    ),
    "detail": ("{}", '{"n":2}'),
    "detailtype": ("t",),
    "source": ("a", "b"),
    "policy": (POLICY,),
    "policydocument": (POLICY, TRUST_POLICY),
    "assumerolepolicydocument": (TRUST_POLICY,),
    "resourcepolicy": (POLICY,),
    "templatebody": TEMPLATES,
    "filterpattern": ("", "ERROR", "[a, b]", '{ $.level = "error" }'),
    "metricvalue": ("1", "$.n"),
    "retentionindays": ("1", "30"),
    "alarmrule": ('ALARM("a")', 'ALARM("a") OR OK("b")', "TRUE"),
    "expression": ("m1", "SUM(METRICS())", "FILL(m1, 0) / a", "IF(m1 > 1, m1)", "e1 + 1", "attribute_exists(a)"),
    "treatmissingdata": ("missing", "breaching", "notBreaching", "ignore"),
    "protocol": ("sqs", "https", "email", "sms", "tcp"),
    "endpoint": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:a", "https://example.com/a", "a@example.com", "+4930123456"),
    "notificationendpoint": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:a",),
    "phonenumber": ("+4930123456",),
    "messagestructure": ("json",),
    "message": ("hello", '{"default":"hello"}'),
    "url": ("https://example.com/a",),
    "invocationendpoint": ("https://example.com/a",),
    "httpmethod": ("GET", "POST"),
    "image": ("busybox",),
    "cpu": ("256",),
    "memory": ("512",),
    "containers": ("a",),
    "command": ("true",),
    "principal": ("*", ACCOUNT, "events.amazonaws.com"),
    "action": ("events:PutEvents", "SendMessage"),
    "actionname": ("SendMessage", "Publish"),
    "actions": ("SendMessage",),
    "label": ("a",),
    "awsaccountid": (ACCOUNT,),
    "awsaccountids": (ACCOUNT,),
    "datatype": ("String", "Number", "Binary"),
    "stringvalue": ("1", "a"),
    "capabilities": ("CAPABILITY_IAM",),
    "stat": ("Sum", "Average", "p90"),
    "extendedstatistic": ("p90",),
    "metricname": ("a", "b"),
    "namespace": ("a", "AWS/SQS"),
    "id": ("m1", "e1", "a"),
    "nexttoken": ("a",),
    "servicename": ("ssm.amazonaws.com", "ecs.application-autoscaling.amazonaws.com"),
    "timezone": ("UTC",),
}
"""Texts by the name of a member in lower case; those of "" are for every member that has no others."""

ATTRIBUTES: Mapping[str, str] = {
    "VisibilityTimeout": "5", "DelaySeconds": "0", "MessageRetentionPeriod": "60", "FifoQueue": "true",
    "ContentBasedDeduplication": "true", "ReceiveMessageWaitTimeSeconds": "1", "Policy": POLICY,
    "RedrivePolicy": dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:b", "maxReceiveCount": 2}),
    "RedriveAllowPolicy": dumps({"redrivePermission": "allowAll"}), "DisplayName": "a", "FifoTopic": "true",
    "RawMessageDelivery": "true", "FilterPolicy": '{"a":["b"]}', "FilterPolicyScope": "MessageBody",
    "DeliveryPolicy": dumps({"healthyRetryPolicy": {"numRetries": 3}}), "SignatureVersion": "2",
    "TracingConfig": "PassThrough", "MonthlySpendLimit": "1",
}  # fmt: skip
"""Attributes of queues, topics and subscriptions, with a valid value of each."""
