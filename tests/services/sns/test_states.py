"""State machines that publish: the night's batch tells somebody that it failed."""

from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import HOOK, QUEUE, SnsHarness

PUBLISH = "arn:aws:states:::sns:publish"


def publish(topic: str, **state: Json) -> Json:
    parameters = {"TopicArn": topic, "Subject": "The batch failed", "Message.$": "$.Cause"}
    return {"Type": "Task", "Resource": PUBLISH, "Parameters": parameters, **state}


def test_what_fails_is_told_by_mail_through_catch(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "email", "ops@example.com")
    harness.subscribe(topic, "sqs", QUEUE)
    failing = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask",
        "Parameters": {"TaskDefinition": "none"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}],
        "End": True,
    }
    machine = harness.machine({"StartAt": "Run", "States": {"Run": failing, "Tell": publish(topic, End=True)}})
    execution = harness.start(machine)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "The batch failed"
    assert "TaskDefinition" in mail.get_content()
    assert loads(harness.queued()[0]["MessageBody"])["Subject"] == "The batch failed"
    assert loads(harness.describe(execution)["output"])["MessageId"]


def test_an_object_as_message_is_published_as_its_json(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    state = {"Type": "Task", "Resource": PUBLISH, "Parameters": {"TopicArn": topic, "Message": {"a": 1}}}
    harness.run_machine(state)
    assert [post["Message"] for post in harness.posted()] == ['{"a":1}']


def test_a_topic_that_is_not_there_fails_the_state_in_awss_words(harness: SnsHarness) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    execution = harness.run_machine(publish(topic, Parameters={"TopicArn": topic, "Message": "m"}))
    described = harness.describe(execution)
    assert described["error"] == "SNS.NotFoundException"
    assert described["cause"].startswith(
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound"
    )


def test_the_sdk_integration_reaches_every_operation(harness: SnsHarness) -> None:
    parameters = {"Name": "made-by-a-machine"}
    execution = harness.run_machine(
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sns:createTopic", "Parameters": parameters}
    )
    assert loads(harness.describe(execution)["output"])["TopicArn"].endswith(":made-by-a-machine")


def test_a_machine_may_wait_for_a_token_that_a_message_carries(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "http", HOOK)
    state = {
        "Type": "Task",
        "Resource": f"{PUBLISH}.waitForTaskToken",
        "Parameters": {"TopicArn": topic, "Message": {"token.$": "$$.Task.Token"}},
    }
    execution = harness.run_machine(state)
    assert harness.status(execution) == "RUNNING"
    token = loads(harness.posted()[0]["Message"])["token"]
    harness.call("states", "SendTaskSuccess", taskToken=token, output='"approved"')
    harness.settle()
    assert harness.describe(execution)["output"] == '"approved"'
