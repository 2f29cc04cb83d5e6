"""Pages of lists show the rest if an entry is deleted after it was listed and before it is read."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/"
DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


def delete_before(monkeypatch: pytest.MonkeyPatch, reading: str, service: str, deletion: str, params: Json) -> None:
    """Delete a resource just before the first call of an operation."""
    original, left = LocalPort.call, [params]

    async def call(port: LocalPort, place: Place, called: str, operation: str, *more: Json) -> Json:
        if operation == reading and left:
            await original(port, place, service, deletion, left.pop())
        return await original(port, place, called, operation, *more)

    monkeypatch.setattr(LocalPort, "call", call)


@pytest.mark.parametrize("path", ["/jobs", "/rules"])
def test_a_deleted_rule_is_left_out(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    harness.call("ecs", "CreateCluster")
    for name in ("kept", "deleted"):
        container = {"name": "main", "image": "busybox", "memory": 128}
        harness.call("ecs", "RegisterTaskDefinition", family=name, containerDefinitions=[container])
        harness.call("events", "PutRule", Name=name, ScheduleExpression="rate(1 hour)")
        target = {"Id": "1", "Arn": f"{CLUSTER}default", "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": name}}
        if name == "kept":
            harness.call("events", "PutTargets", Rule=name, Targets=[target])
    delete_before(monkeypatch, "ListTargetsByRule", "events", "DeleteRule", {"Name": "deleted"})
    page = browser.get(path)
    assert page.status == 200
    assert ("kept" in page.text, "deleted" in page.text) == (True, False)


@pytest.mark.parametrize(
    ("path", "reading", "service", "creation", "deletion", "parameter"),
    [
        ("/jobs", "ListExecutions", "states", "CreateStateMachine", "DeleteStateMachine", "stateMachineArn"),
        ("/topics", "GetTopicAttributes", "sns", "CreateTopic", "DeleteTopic", "TopicArn"),
        ("/queues", "GetQueueAttributes", "sqs", "CreateQueue", "DeleteQueue", "QueueUrl"),
    ],
)
def test_a_deleted_job_topic_or_queue_is_left_out(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch,
    path: str, reading: str, service: str, creation: str, deletion: str, parameter: str,
) -> None:  # fmt: skip
    for name in ("kept", "deleted"):
        given = {"states": {"name": name, "definition": DEFINITION, "roleArn": ROLE}, "sns": {"Name": name}}
        created = harness.call(service, creation, **given.get(service, {"QueueName": name}))
    delete_before(monkeypatch, reading, service, deletion, {parameter: created[parameter]})
    page = browser.get(path)
    assert page.status == 200
    assert (">kept<" in page.body, ">deleted<" in page.body) == (True, False)


def test_a_deleted_subscription_is_left_out(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = harness.call("sns", "CreateTopic", Name="news")["TopicArn"]
    for name in ("kept", "deleted"):
        harness.call("sqs", "CreateQueue", QueueName=name)
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        created = harness.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)
    gone = {"SubscriptionArn": created["SubscriptionArn"]}
    delete_before(monkeypatch, "GetSubscriptionAttributes", "sns", "Unsubscribe", gone)
    page = browser.get(f"/topics/{topic}")
    assert page.status == 200
    assert created["SubscriptionArn"] not in page.body


def test_a_family_without_its_last_task_definition_is_left_out(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kept", "deleted"):
        container = {"name": "main", "image": "busybox", "memory": 128}
        harness.call("ecs", "RegisterTaskDefinition", family=name, containerDefinitions=[container])
    gone = {"taskDefinition": "deleted:1"}
    delete_before(monkeypatch, "DescribeTaskDefinition", "ecs", "DeregisterTaskDefinition", gone)
    page = browser.get("/definitions")
    assert page.status == 200
    assert ("kept" in page.text, "deleted" in page.text) == (True, False)
