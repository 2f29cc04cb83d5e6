"""State machines call SQS through the integrations of Step Functions.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
"""

import json

import pytest

from lamplighter.base.json_text import Json
from tests.services.sqs.sqs_harness import SqsHarness

SEND = "arn:aws:states:::sqs:sendMessage"


def run(harness: SqsHarness, *states: Json) -> str:
    return harness.run_machine(*states)


def send(url: str, resource: str = SEND, **state: Json) -> Json:
    body = state.pop("MessageBody", {"hello": ["world", 1]})
    return {"Type": "Task", "Resource": resource, "Parameters": {"QueueUrl": url, "MessageBody": body}, **state}


def test_a_body_given_as_an_object_is_sent_as_json_text(harness: SqsHarness) -> None:
    url = harness.queue()
    execution = run(harness, send(url))
    message = harness.receive_one(url)
    assert json.loads(message["Body"]) == {"hello": ["world", 1]}
    output = json.loads(harness.describe(execution)["output"])
    assert output["MessageId"] == message["MessageId"]
    assert output["MD5OfMessageBody"] == message["MD5OfBody"]
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_a_body_given_as_text_is_sent_as_it_is(harness: SqsHarness) -> None:
    url = harness.queue()
    run(harness, send(url, MessageBody="plain"))
    assert harness.receive_bodies(url) == ["plain"]


def test_a_message_is_sent_with_attributes_and_a_group(harness: SqsHarness) -> None:
    url = harness.fifo(ContentBasedDeduplication="true")
    parameters = {
        "QueueUrl": url,
        "MessageBody": "x",
        "MessageGroupId": "g",
        "MessageAttributes": {
            "a": {"DataType": "String", "StringValue": "1"},
            "b": {"DataType": "Binary", "BinaryValue": "aGVsbG8="},
        },
    }
    execution = run(harness, {"Type": "Task", "Resource": SEND, "Parameters": parameters})
    message = harness.receive_one(url)
    assert message["MessageAttributes"]["b"] == {"DataType": "Binary", "BinaryValue": b"hello"}
    output = json.loads(harness.describe(execution)["output"])
    assert output["SequenceNumber"] == message["Attributes"]["SequenceNumber"]


def test_an_execution_waits_until_its_task_token_is_returned(harness: SqsHarness) -> None:
    url = harness.queue()
    body = {"job": 7, "token.$": "$$.Task.Token"}
    execution = run(harness, send(url, f"{SEND}.waitForTaskToken", MessageBody=body))
    assert harness.status(execution) == "RUNNING"
    harness.restart()
    received = json.loads(harness.receive_one(url)["Body"])
    assert received["job"] == 7
    harness.call("states", "SendTaskSuccess", taskToken=received["token"], output='"done"')
    assert harness.describe(execution)["output"] == '"done"'
    assert harness.types(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failure_without_error_and_cause_is_caught_with_null_values(harness: SqsHarness) -> None:
    url = harness.queue()
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    task = send(url, f"{SEND}.waitForTaskToken", MessageBody={"token.$": "$$.Task.Token"}, Catch=catch)
    execution = run(harness, task, {"Type": "Pass"})
    token = json.loads(harness.receive_one(url)["Body"])["token"]
    harness.call("states", "SendTaskFailure", taskToken=token)
    assert json.loads(harness.describe(execution)["output"]) == {"Error": None, "Cause": None}


@pytest.mark.parametrize(
    ("change", "error", "cause"),
    [
        (
            {"MessageBody": None},
            "SQS.AmazonSQSException",
            "The request must contain the parameter MessageBody. (Service",
        ),
        ({"MessageBody": ""}, "SQS.AmazonSQSException", "Error Code: MissingParameter;"),
        ({"DelaySeconds": 901}, "SQS.AmazonSQSException", "DelaySeconds must be >= 0 and <= 900."),
        ({"MessageBody": "\x01"}, "SQS.InvalidMessageContentsException", "Invalid characters found."),
        (
            {"QueueUrl": "http://127.0.0.1:4566/123456789012/nobody"},
            "SQS.QueueDoesNotExistException",
            "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400;",
        ),
    ],
)
def test_an_error_of_sqs_fails_the_state_with_the_name_of_the_sdk(
    harness: SqsHarness, change: Json, error: str, cause: str
) -> None:
    parameters = {"QueueUrl": harness.queue(), "MessageBody": "x"} | change
    execution = run(harness, {"Type": "Task", "Resource": SEND, "Parameters": parameters})
    described = harness.describe(execution)
    assert (described["status"], described["error"]) == ("FAILED", error)
    assert cause in described["cause"]


def test_operations_of_the_sdk_integration_answer_in_pascal_case(harness: SqsHarness) -> None:
    url = harness.queue()

    def call(operation: str, **parameters: Json) -> Json:
        resource = f"arn:aws:states:::aws-sdk:sqs:{operation}"
        return {"Type": "Task", "Resource": resource, "Parameters": {"QueueUrl": url, **parameters}}

    harness.send(url, "hello")
    delete: Json = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:deleteMessage",
        "Parameters": {"QueueUrl": url, "ReceiptHandle.$": "$.Messages[0].ReceiptHandle"},
        "ResultPath": "$.deleted",
    }
    receive = call("receiveMessage", AttributeNames=["All"], WaitTimeSeconds=5)
    execution = harness.run_machine(receive, delete)
    output = json.loads(harness.describe(execution)["output"])
    assert output["Messages"][0]["Body"] == "hello"
    assert output["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "1"
    assert harness.counts(url) == (0, 0, 0)
    attributes = harness.run_machine(call("getQueueAttributes", AttributeNames=["QueueArn"]), name="other")
    assert json.loads(harness.describe(attributes)["output"]) == {
        "Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:letters"}
    }


def test_an_execution_waits_for_a_message(harness: SqsHarness) -> None:
    url = harness.queue()
    resource = "arn:aws:states:::aws-sdk:sqs:receiveMessage"
    parameters = {"QueueUrl": url, "WaitTimeSeconds": 20}
    execution = harness.run_machine({"Type": "Task", "Resource": resource, "Parameters": parameters})
    assert harness.status(execution) == "RUNNING"
    harness.pass_time(5)
    harness.send(url, "at last")
    assert json.loads(harness.describe(execution)["output"])["Messages"][0]["Body"] == "at last"


def test_an_error_of_the_sdk_integration_is_named_after_its_shape(harness: SqsHarness) -> None:
    url = "http://127.0.0.1:4566/123456789012/nobody"
    resource = "arn:aws:states:::aws-sdk:sqs:purgeQueue"
    execution = harness.run_machine({"Type": "Task", "Resource": resource, "Parameters": {"QueueUrl": url}})
    assert harness.describe(execution)["error"] == "Sqs.QueueDoesNotExistException"
