"""State machines that publish: the night's batch tells somebody that it failed."""

from lamplighter.base.json_text import Json, loads
from tests.engines import ACCOUNT, REGION
from tests.services.sns.town import HOOK, QUEUE, Town

PUBLISH = "arn:aws:states:::sns:publish"


def publish(topic: str, **state: Json) -> Json:
    parameters = {"TopicArn": topic, "Subject": "The batch failed", "Message.$": "$.Cause"}
    return {"Type": "Task", "Resource": PUBLISH, "Parameters": parameters, **state}


def test_what_fails_is_told_by_mail_through_catch(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "email", "ops@example.com")
    town.subscribe(topic, "sqs", QUEUE)
    failing = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask",
        "Parameters": {"TaskDefinition": "none"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}],
        "End": True,
    }
    machine = town.machine({"StartAt": "Run", "States": {"Run": failing, "Tell": publish(topic, End=True)}})
    execution = town.start(machine)
    town.settle()
    assert town.status(execution) == "SUCCEEDED"
    (mail,) = town.out.mail.sent
    assert mail["Subject"] == "The batch failed"
    assert "TaskDefinition" in mail.get_content()
    assert loads(town.queued()[0]["MessageBody"])["Subject"] == "The batch failed"
    assert loads(town.describe(execution)["output"])["MessageId"]


def test_an_object_as_message_is_published_as_its_json(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    state = {"Type": "Task", "Resource": PUBLISH, "Parameters": {"TopicArn": topic, "Message": {"a": 1}}}
    town.run_machine(state)
    assert [post["Message"] for post in town.posted()] == ['{"a":1}']


def test_a_topic_that_is_not_there_fails_the_state_in_awss_words(town: Town) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    execution = town.run_machine(publish(topic, Parameters={"TopicArn": topic, "Message": "m"}))
    described = town.describe(execution)
    assert described["error"] == "SNS.NotFoundException"
    assert described["cause"].startswith(
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound"
    )


def test_the_sdk_integration_reaches_every_operation(town: Town) -> None:
    parameters = {"Name": "made-by-a-machine"}
    execution = town.run_machine(
        {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sns:createTopic", "Parameters": parameters}
    )
    assert loads(town.describe(execution)["output"])["TopicArn"].endswith(":made-by-a-machine")


def test_a_machine_may_wait_for_a_token_that_a_message_carries(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "http", HOOK)
    state = {
        "Type": "Task",
        "Resource": f"{PUBLISH}.waitForTaskToken",
        "Parameters": {"TopicArn": topic, "Message": {"token.$": "$$.Task.Token"}},
    }
    execution = town.run_machine(state)
    assert town.status(execution) == "RUNNING"
    token = loads(town.posted()[0]["Message"])["token"]
    town.call("states", "SendTaskSuccess", taskToken=token, output='"approved"')
    town.settle()
    assert town.describe(execution)["output"] == '"approved"'
