"""The policies of resources decide about services, and together with the role's policies about roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.engine_harness import ACCOUNT, REGION
from tests.services.iam.iam_harness import EnforcingHarness, allow, document

PEOPLE = "ec2.amazonaws.com"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
EXPLICIT = "with an explicit deny in a resource-based policy"


def statement(effect: str, principal: Json, action: str, resource: str, **condition: Json) -> str:
    """Return the text of a policy of a resource."""
    given = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return document({**given, "Condition": condition} if condition else given)


def set_topic_policy(harness: EnforcingHarness, text: str) -> None:
    """Set the policy of the topic."""
    harness.call("sns", "SetTopicAttributes", TopicArn=TOPIC, AttributeName="Policy", AttributeValue=text)


def set_queue_policy(harness: EnforcingHarness, text: str) -> None:
    """Create the queue with a policy."""
    url = harness.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    harness.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": text})


def queue_url(harness: EnforcingHarness) -> str:
    """Return the URL of the queue."""
    url: str = harness.call("sqs", "GetQueueUrl", QueueName="q")["QueueUrl"]
    return url


# --- an explicit deny -------------------------------------------------------------------------------------------------


def test_a_deny_in_a_topic_s_policy_overrides_an_allowing_role(enforcing: EnforcingHarness) -> None:
    enforcing.call("sns", "CreateTopic", Name="t")
    role = enforcing.role("r", PEOPLE, allow("*"))
    enforcing.call_as(role, "sns", "Publish", TopicArn=TOPIC, Message="x")
    set_topic_policy(enforcing, statement("Deny", {"AWS": role}, "sns:Publish", TOPIC))
    assert enforcing.denied_as(role, "sns", "Publish", TopicArn=TOPIC, Message="x").endswith(EXPLICIT)
    batch = [{"Id": "1", "Message": "x"}]
    enforcing.denied_as(role, "sns", "PublishBatch", TopicArn=TOPIC, PublishBatchRequestEntries=batch)
    enforcing.denied_as(role, "sns", "Publish", TargetArn=TOPIC, Message="x")


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}])
def test_a_deny_in_a_queue_s_policy_holds_for_all_of_its_principals(
    enforcing: EnforcingHarness, principal: Json
) -> None:
    set_queue_policy(enforcing, statement("Deny", principal, "sqs:SendMessage", QUEUE))
    role = enforcing.role("r", PEOPLE, allow("*"))
    url = queue_url(enforcing)
    assert enforcing.denied_as(role, "sqs", "SendMessage", QueueUrl=url, MessageBody="x").endswith(EXPLICIT)
    entries = [{"Id": "1", "MessageBody": "x"}]
    enforcing.denied_as(role, "sqs", "SendMessageBatch", QueueUrl=url, Entries=entries)


def test_a_deny_in_a_bucket_s_policy_overrides_an_allowing_role(enforcing: EnforcingHarness) -> None:
    """It holds for a copy from the bucket, too."""
    for bucket in ("private", "other"):
        enforcing.call("s3", "CreateBucket", Bucket=bucket)
    enforcing.call("s3", "PutObject", Bucket="private", Key="a", Body=b"x")
    text = statement("Deny", "*", "s3:GetObject", "arn:aws:s3:::private/*")
    enforcing.call("s3", "PutBucketPolicy", Bucket="private", Policy=text)
    role = enforcing.role("r", PEOPLE, allow("*"))
    for operation in ("GetObject", "HeadObject", "GetObjectAttributes"):
        params: Json = {"ObjectAttributes": ["ETag"]} if operation == "GetObjectAttributes" else {}
        assert EXPLICIT in enforcing.denied_as(role, "s3", operation, Bucket="private", Key="a", **params)
    enforcing.denied_as(role, "s3", "CopyObject", Bucket="other", Key="b", CopySource="private/a")
    enforcing.denied_as(role, "s3", "CopyObject", Bucket="other", Key="b", CopySource="/private%2Fa")


def test_a_deny_in_a_secret_s_policy_overrides_an_allowing_role(enforcing: EnforcingHarness) -> None:
    secret = enforcing.call("secretsmanager", "CreateSecret", Name="db", SecretString="hidden")["ARN"]
    role = enforcing.role("r", PEOPLE, allow("*"))
    text = statement("Deny", "*", "secretsmanager:GetSecretValue", "*", ArnNotEquals={"aws:PrincipalArn": "x"})
    enforcing.call("secretsmanager", "PutResourcePolicy", SecretId=secret, ResourcePolicy=text)
    for name in (secret, "db", secret[:-7]):
        assert EXPLICIT in enforcing.denied_as(role, "secretsmanager", "GetSecretValue", SecretId=name)
    enforcing.denied_as(role, "secretsmanager", "BatchGetSecretValue", SecretIdList=["db"])


def test_a_policy_that_requires_tls_denies_nothing(enforcing: EnforcingHarness) -> None:
    """The CDK's `enforceSSL` adds this statement, and the engine may be called without TLS."""
    set_queue_policy(enforcing, statement("Deny", {"AWS": "*"}, "sqs:*", QUEUE, Bool={"aws:SecureTransport": "false"}))
    role = enforcing.role("r", PEOPLE, allow("sqs:*"))
    enforcing.call_as(role, "sqs", "SendMessage", QueueUrl=queue_url(enforcing), MessageBody="x")


# --- an allow ---------------------------------------------------------------------------------------------------------


def test_the_account_as_principal_allows_a_role_nothing_by_itself(enforcing: EnforcingHarness) -> None:
    """It delegates the decision to the policies of the account's identities."""
    set_queue_policy(enforcing, statement("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "sqs:*", QUEUE))
    role = enforcing.role("r", PEOPLE)
    enforcing.denied_as(role, "sqs", "SendMessage", QueueUrl=queue_url(enforcing), MessageBody="x")


def test_a_boundary_limits_a_role_that_a_resource_s_policy_names(enforcing: EnforcingHarness) -> None:
    """But not a session that the policy names itself."""
    role = enforcing.role("r", PEOPLE)
    bound = enforcing.iam("CreatePolicy", PolicyName="b", PolicyDocument=document(allow("sns:*")))["Policy"]["Arn"]
    enforcing.iam("PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary=bound)
    set_queue_policy(enforcing, statement("Allow", {"AWS": role}, "sqs:SendMessage", QUEUE))
    given = {"QueueUrl": queue_url(enforcing), "MessageBody": "x"}
    denied = enforcing.denied_as(role, "sqs", "SendMessage", **given)
    assert "because no permissions boundary allows" in denied
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/someone"
    set_queue_policy(enforcing, statement("Allow", {"AWS": session}, "sqs:SendMessage", QUEUE))
    enforcing.call_as(role, "sqs", "SendMessage", **given)


@pytest.mark.parametrize("allowed", ["role", "queue", "both"])
def test_a_queue_of_another_account_needs_both_policies(enforcing: EnforcingHarness, allowed: str) -> None:
    other = "210987654321"
    queue = f"arn:aws:sqs:{REGION}:{other}:q"
    url = f"https://sqs.{REGION}.amazonaws.com/{other}/q"
    role = enforcing.role("r", PEOPLE, *([allow("sqs:*")] if allowed != "queue" else []))
    owner = {"Policy": statement("Allow", {"AWS": ACCOUNT}, "sqs:SendMessage", queue)} if allowed != "role" else {}
    enforcing.call_in(other, "sqs", "CreateQueue", QueueName="q", Attributes=owner)
    if allowed == "both":
        enforcing.check_as(role, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    else:
        enforcing.denied_as(role, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")


@pytest.mark.parametrize("allowed", [True, False])
def test_a_bus_of_another_account_needs_a_policy(enforcing: EnforcingHarness, allowed: bool) -> None:
    other = "210987654321"
    bus = f"arn:aws:events:{REGION}:{other}:event-bus/theirs"
    enforcing.call_in(other, "events", "CreateEventBus", Name="theirs")
    if allowed:
        text = statement("Allow", {"AWS": ACCOUNT}, "events:PutEvents", bus)
        enforcing.call_in(other, "events", "PutPermission", EventBusName="theirs", Policy=text)
    role = enforcing.role("r", PEOPLE, allow("events:PutEvents"))
    entry = {"Source": "mine", "DetailType": "x", "Detail": "{}", "EventBusName": bus}
    if allowed:
        enforcing.check_as(role, "events", "PutEvents", Entries=[entry])
    else:
        denied = enforcing.denied_as(role, "events", "PutEvents", Entries=[entry])
        assert denied.endswith("because no resource-based policy allows the events:PutEvents action")


# --- services ---------------------------------------------------------------------------------------------------------


def alarm(harness: EnforcingHarness) -> int:
    """Let an alarm go off, and return how many messages its topic has delivered to the queue."""
    settings = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    compared = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    harness.call("monitoring", "PutMetricAlarm", AlarmName="a", AlarmActions=[TOPIC], **settings, **compared)
    for value in ("OK", "ALARM"):
        harness.call("monitoring", "SetAlarmState", AlarmName="a", StateValue=value, StateReason="x")
    harness.settle()
    return len(harness.call("sqs", "ReceiveMessage", QueueUrl=queue_url(harness)).get("Messages", []))


def test_an_alarm_needs_the_policy_of_its_topic(enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture) -> None:
    """The policy that a topic has from the start allows the alarms of its account, and not EventBridge."""
    enforcing.call("sns", "CreateTopic", Name="t")
    set_queue_policy(enforcing, statement("Allow", {"Service": "sns.amazonaws.com"}, "sqs:SendMessage", QUEUE))
    enforcing.call("sns", "Subscribe", TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    assert alarm(enforcing) == 1
    set_topic_policy(enforcing, statement("Allow", {"Service": "events.amazonaws.com"}, "sns:Publish", TOPIC))
    assert alarm(enforcing) == 0
    assert '"Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish"' in caplog.text
    source, cloudwatch = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, {"Service": "cloudwatch.amazonaws.com"}
    set_topic_policy(enforcing, statement("Allow", cloudwatch, "sns:Publish", TOPIC, **source))
    assert alarm(enforcing) == 1
    other = {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:other"}}
    set_topic_policy(enforcing, statement("Allow", cloudwatch, "sns:Publish", TOPIC, **other))
    assert alarm(enforcing) == 0


def test_a_rule_s_log_group_needs_a_policy(enforcing: EnforcingHarness, caplog: pytest.LogCaptureFixture) -> None:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/x"
    enforcing.call("logs", "CreateLogGroup", logGroupName="/aws/events/x")
    enforcing.call("events", "PutRule", Name="r", EventPattern=dumps({"source": ["mine"]}))
    enforcing.call("events", "PutTargets", Rule="r", Targets=[{"Id": "l", "Arn": group}])
    allowed = statement("Allow", {"Service": "events.amazonaws.com"}, "logs:*", f"{group}:*")
    counts = []
    for text in (None, allowed):
        if text is not None:
            enforcing.call("logs", "PutResourcePolicy", policyName="p", policyDocument=text)
        enforcing.call("events", "PutEvents", Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
        enforcing.settle()
        counts.append(len(enforcing.call("logs", "FilterLogEvents", logGroupName="/aws/events/x")["events"]))
    assert counts == [0, 1]
    assert "events.amazonaws.com is not authorized to perform: logs:CreateLogStream" in caplog.text
