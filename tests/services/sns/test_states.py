"""Test state machines that publish to topics."""

from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import QUEUE, WEBHOOK, SnsHarness

PUBLISH = "arn:aws:states:::sns:publish"


def publish_state(topic: str, **state: Json) -> Json:
    parameters = {"TopicArn": topic, "Subject": "The batch failed", "Message.$": "$.Cause"}
    return {"Type": "Task", "Resource": PUBLISH, "Parameters": parameters, **state}


def test_a_failed_task_sends_a_mail_through_catch(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    failing = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask",
        "Parameters": {"TaskDefinition": "none"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}],
        "End": True,
    }
    machine = harness.machine({"StartAt": "Run", "States": {"Run": failing, "Tell": publish_state(topic, End=True)}})
    execution = harness.start(machine)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "The batch failed"
    assert "TaskDefinition" in mail.get_content()
    assert loads(harness.queued_messages()[0]["MessageBody"])["Subject"] == "The batch failed"
    assert loads(harness.describe(execution)["output"])["MessageId"]


def test_an_object_as_message_is_published_as_json(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    state = {"Type": "Task", "Resource": PUBLISH, "Parameters": {"TopicArn": topic, "Message": {"a": 1}}}
    harness.run_machine(state)
    assert [post["Message"] for post in harness.posted_documents()] == ['{"a":1}']


def test_a_missing_topic_fails_the_state_with_the_error_of_aws(harness: SnsHarness) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    execution = harness.run_machine(publish_state(topic, Parameters={"TopicArn": topic, "Message": "m"}))
    described = harness.describe(execution)
    assert described["error"] == "SNS.NotFoundException"
    assert described["cause"].startswith(
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound"
    )


def test_the_sdk_integration_can_create_a_topic(harness: SnsHarness) -> None:
    parameters = {"Name": "made-by-a-machine"}
    execution = harness.run_machine(
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sns:createTopic", "Parameters": parameters}
    )
    assert loads(harness.describe(execution)["output"])["TopicArn"].endswith(":made-by-a-machine")


def test_a_state_can_wait_for_the_task_token_in_a_message(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    state = {
        "Type": "Task",
        "Resource": f"{PUBLISH}.waitForTaskToken",
        "Parameters": {"TopicArn": topic, "Message": {"token.$": "$$.Task.Token"}},
    }
    execution = harness.run_machine(state)
    assert harness.status(execution) == "RUNNING"
    token = loads(harness.posted_documents()[0]["Message"])["token"]
    harness.call("states", "SendTaskSuccess", taskToken=token, output='"approved"')
    harness.settle()
    assert harness.describe(execution)["output"] == '"approved"'
