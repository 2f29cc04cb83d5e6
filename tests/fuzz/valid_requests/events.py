"""Valid requests of EventBridge."""

from datetime import UTC, datetime

from lamplighter.base.json_text import Json
from tests.fuzz.known_texts import ROLE, TEXTS
from tests.fuzz.valid_requests.place import EVENTS, SQS

BUS = f"{EVENTS}:event-bus/default"
NAMED: Json = {"Name": "a"}
RULE: Json = {"Rule": "a"}
RESOURCE: Json = {"ResourceARN": f"{EVENTS}:rule/a"}

BEGIN: list[tuple[str, Json]] = [
    ("CreateEventBus", NAMED),
    ("DescribeEventBus", NAMED),
    ("UpdateEventBus", {**NAMED, "Description": "a"}),
    ("ListEventBuses", {}),
    ("PutPermission", {"StatementId": "a", "Action": "events:PutEvents", "Principal": "210987654321"}),
    ("PutRule", {**NAMED, "EventPattern": '{"source":["a"]}'}),
    ("DescribeRule", NAMED),
    ("DisableRule", NAMED),
    ("EnableRule", NAMED),
    ("ListRules", {}),
    ("PutTargets", {**RULE, "Targets": [{"Id": "a", "Arn": f"{SQS}:a"}]}),
    ("ListTargetsByRule", RULE),
    ("ListRuleNamesByTarget", {"TargetArn": f"{SQS}:a"}),
    ("PutEvents", {"Entries": [{"Source": "a", "DetailType": "t", "Detail": "{}"}]}),
    ("TestEventPattern", {"EventPattern": '{"source":["a"]}', "Event": TEXTS["event"][0]}),
    ("CreateArchive", {"ArchiveName": "a", "EventSourceArn": BUS}),
    ("DescribeArchive", {"ArchiveName": "a"}),
    ("UpdateArchive", {"ArchiveName": "a", "Description": "a"}),
    ("ListArchives", {}),
    ("StartReplay", {
        "ReplayName": "a", "EventSourceArn": f"{EVENTS}:archive/a", "Destination": {"Arn": BUS},
        "EventStartTime": datetime(2025, 12, 31, tzinfo=UTC), "EventEndTime": datetime(2026, 1, 1, tzinfo=UTC),
    }),
    ("DescribeReplay", {"ReplayName": "a"}),
    ("ListReplays", {}),
    ("CreateConnection", {
        **NAMED, "AuthorizationType": "API_KEY",
        "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}},
    }),
    ("DescribeConnection", NAMED),
    ("UpdateConnection", {**NAMED, "Description": "a"}),
    ("ListConnections", {}),
    ("CreateApiDestination", {
        **NAMED, "ConnectionArn": "${connectionarn}", "HttpMethod": "POST",
        "InvocationEndpoint": "https://example.com/a",
    }),
    ("DescribeApiDestination", NAMED),
    ("UpdateApiDestination", {**NAMED, "Description": "a"}),
    ("ListApiDestinations", {}),
    ("TagResource", {**RESOURCE, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("ListTagsForResource", RESOURCE),
    ("PutRule", {"Name": "b", "ScheduleExpression": "rate(5 minutes)", "RoleArn": ROLE}),
]  # fmt: skip
END: list[tuple[str, Json]] = [
    ("UntagResource", {**RESOURCE, "TagKeys": ["a"]}),
    ("RemoveTargets", {**RULE, "Ids": ["a"]}),
    ("DeleteRule", NAMED),
    ("RemovePermission", {"StatementId": "a"}),
    ("DeauthorizeConnection", NAMED),
    ("DeleteApiDestination", NAMED),
    ("DeleteConnection", NAMED),
    ("DeleteArchive", {"ArchiveName": "a"}),
    ("DeleteEventBus", NAMED),
]
