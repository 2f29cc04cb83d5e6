"""SQS through boto3, the aws CLI and the older query protocol, also on an engine that is killed."""

import json
import os
import signal
import subprocess
import sysconfig
import threading
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from lamplighter.base.json_text import Json
from lamplighter.engine import credentials
from tests.served_engine import ACCOUNT, REGION, ServedEngine, call_in_thread, eventually, one_state

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture
def sqs(served: ServedEngine) -> Json:
    return served.client("sqs")


@pytest.fixture
def url(sqs: Json) -> str:
    found: str = sqs.create_queue(QueueName="letters")["QueueUrl"]
    return found


def bodies(answer: Json) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_message_is_sent_received_and_deleted(served: ServedEngine, sqs: Json, url: str) -> None:
    assert url == f"{served.url}/{ACCOUNT}/letters"
    attributes = {
        "text": {"DataType": "String", "StringValue": "grüße"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello\n🕯", MessageAttributes=attributes)
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("hello\n🕯", attributes)
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["ApproximateNumberOfMessages"] == shown["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_message_of_one_mebibyte_is_accepted_however_it_is_escaped(sqs: Json, url: str) -> None:
    for body in ("x" * 2**20, "é" * 2**19, '"' * 2**20):
        sqs.send_message(QueueUrl=url, MessageBody=body)
        assert bodies(sqs.receive_message(QueueUrl=url)) == [body]
    with pytest.raises(ClientError, match="Message must be shorter than 1048576 bytes"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * (2**20 + 1))


def test_an_engine_that_listens_on_every_address_returns_loopback_urls(served: ServedEngine) -> None:
    served.kill(signal.SIGTERM)
    served.up("--host", "0.0.0.0")
    key = next(iter(credentials.load_credentials(served.data / "credentials").values()))
    client = served.client("sqs", key=key.access_key, secret=key.secret)
    url = client.create_queue(QueueName="q")["QueueUrl"]
    assert url == f"http://127.0.0.1:{served.port}/{ACCOUNT}/q"


def test_batches_and_pagination_work(served: ServedEngine, url: str) -> None:
    client = served.client("sqs")
    batch = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
    assert len(client.send_message_batch(QueueUrl=url, Entries=batch)["Successful"]) == 10
    found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]} for message in found]
    assert len(client.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]) == 10
    names = [client.create_queue(QueueName=f"q{number}")["QueueUrl"] for number in range(5)]
    pages = client.get_paginator("list_queues").paginate(QueueNamePrefix="q", PaginationConfig={"PageSize": 2})
    assert [each for page in pages for each in page["QueueUrls"]] == names


@pytest.mark.parametrize(
    ("operation", "params", "code", "exception"),
    [
        ("get_queue_url", {"QueueName": "x"}, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        ("create_queue", {"QueueName": "letters", "Attributes": {"DelaySeconds": "1"}}, "QueueAlreadyExists", None),
        ("send_message_batch", {"Entries": []}, "AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequest"),
        ("delete_message", {"ReceiptHandle": "x"}, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue", None),
    ],
)
def test_errors_have_the_codes_of_aws(
    sqs: Json, url: str, operation: str, params: Json, code: str, exception: str | None
) -> None:
    named = {} if "QueueName" in params else {"QueueUrl": url}
    with pytest.raises(ClientError) as error:
        getattr(sqs, operation)(**named, **params)
    assert error.value.response["Error"]["Code"] == code
    if exception is not None:
        assert isinstance(error.value, getattr(sqs.exceptions, exception))


def test_a_waiting_receiver_gets_a_message_immediately(served: ServedEngine, sqs: Json, url: str) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = start_poll(pool, served, url)
        sqs.send_message(QueueUrl=url, MessageBody="news")
        assert bodies(waiting.result(60)) == ["news"]


def start_poll(pool: ThreadPoolExecutor, served: ServedEngine, url: str) -> "Future[Json]":
    """Let a receiver wait for a message in a thread; return after the engine has read the request."""
    while True:
        waiting = call_in_thread(pool, served.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=20)
        for _ in range(3):
            served.client("sqs").list_queues()  # the engine answers this after it has read the earlier request
        if not waiting.done():  # on a busy machine, this may have taken longer than the receiver waits
            return waiting


def test_a_stopping_engine_answers_waiting_receivers_with_an_error(served: ServedEngine, url: str) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = start_poll(pool, served, url)
        assert served.kill(signal.SIGTERM) == 0
        with pytest.raises(ClientError, match="the engine is stopping"):
            waiting.result()
    assert not any("Traceback" in line for line in served.lines)


def test_a_kill_loses_no_message_and_returns_no_deleted_message(served: ServedEngine, sqs: Json, url: str) -> None:
    accepted: list[str] = []

    def produce(producer: int) -> None:
        client = served.client("sqs")
        for number in range(1000):
            try:
                client.send_message(QueueUrl=url, MessageBody=f"{producer}-{number}")
            except BotoCoreError:
                return
            accepted.append(f"{producer}-{number}")

    producers = [threading.Thread(target=produce, args=(number,)) for number in range(3)]
    for producer in producers:
        producer.start()
    deleted: set[str] = set()
    while len(deleted) < 60:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in received.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            deleted.add(message["Body"])
    served.kill()
    for producer in producers:
        producer.join()
    served.up()
    client, found = served.client("sqs"), list[str]()
    while some := bodies(client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)):
        found += some
    assert len(found) == len(set(found))
    assert not deleted & set(found)
    assert set(accepted) - deleted <= set(found)


def test_a_worker_completes_an_execution_with_the_token_from_its_queue(
    served: ServedEngine, sqs: Json, url: str
) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"work.$": "$.work", "token.$": "$$.Task.Token"}},
        "End": True,
    }
    execution = served.start(served.machine(one_state(task)), {"work": [1, 2]})
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"))
    body = json.loads(message["Body"])
    served.sfn.send_task_success(taskToken=body["token"], output=json.dumps(sum(body["work"])))
    assert served.ended(execution)["output"] == "3"


def send_query(served: ServedEngine, path: str, **params: str) -> tuple[int, ET.Element]:
    """Send a form to the queue's URL, as older SDKs do; return the status and the answer."""
    body = urlencode({"Version": "2012-11-05", **params})
    address = served.url + path
    request = AWSRequest("POST", address, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    SigV4Auth(Credentials("test", "test"), "sqs", REGION).add_auth(request)
    sent = urllib.request.Request(address, body.encode(), dict(request.headers.items()))
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, ET.fromstring(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ET.fromstring(error.read())


def test_the_query_protocol_reads_the_queue_from_the_url(served: ServedEngine, url: str) -> None:
    path = url.removeprefix(served.url)
    attribute = {
        "MessageAttribute.1.Name": "colour",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "red",
    }
    status, answer = send_query(served, path, Action="SendMessage", MessageBody="a & b", **attribute)
    assert status == 200
    assert answer.findtext(f".//{NAMESPACE}MD5OfMessageAttributes")
    receive = {"Action": "ReceiveMessage", "AttributeName.1": "All", "MessageAttributeName.1": "All"}
    status, answer = send_query(served, path, **receive)
    message = answer.find(f".//{NAMESPACE}Message")
    assert message is not None
    assert message.findtext(f"{NAMESPACE}Body") == "a & b"
    assert message.findtext(f"{NAMESPACE}MessageAttribute/{NAMESPACE}Value/{NAMESPACE}StringValue") == "red"
    handle = message.findtext(f"{NAMESPACE}ReceiptHandle") or ""
    batch = {"DeleteMessageBatchRequestEntry.1.Id": "a", "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handle}
    status, answer = send_query(served, path, Action="DeleteMessageBatch", **batch)
    assert answer.findtext(f".//{NAMESPACE}DeleteMessageBatchResultEntry/{NAMESPACE}Id") == "a"


def test_the_query_protocol_has_its_older_error_codes(served: ServedEngine) -> None:
    status, answer = send_query(served, f"/{ACCOUNT}/nobody", Action="SendMessage", MessageBody="x")
    assert status == 400
    assert answer.findtext(f".//{NAMESPACE}Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert answer.findtext(f".//{NAMESPACE}Message") == "The specified queue does not exist for this wsdl version."


def test_the_aws_cli_sends_and_receives_messages(served: ServedEngine, url: str) -> None:
    def aws(*arguments: str) -> Json:
        command = [str(Path(sysconfig.get_path("scripts"), "aws")), "--endpoint-url", served.url, "sqs", *arguments]
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
        answer = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **keys})
        return json.loads(answer.stdout) if answer.returncode == 0 else answer.stderr

    assert aws("get-queue-url", "--queue-name", "letters") == {"QueueUrl": url}
    aws("send-message", "--queue-url", url, "--message-body", "hello")
    assert bodies(aws("receive-message", "--queue-url", url)) == ["hello"]
    assert "(AWS.SimpleQueueService.NonExistentQueue)" in aws("get-queue-url", "--queue-name", "nobody")
