"""The receivers of a storm's work: readers of queues, a worker of an activity, and a webhook."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Ledger, WorkItem
from tests.chaos.storm.resources import Resources

ANSWER = json.dumps("answered")


def read_inbox(calls: ClientCalls, resources: Resources, _name: str, _rng: random.Random) -> None:
    """Receive messages and complete the tasks of those with a task token."""
    _read(calls, resources.inbox)


def read_fifo(calls: ClientCalls, resources: Resources, _name: str, _rng: random.Random) -> None:
    """Receive messages of the FIFO queue."""
    _read(calls, resources.fifo)


def _read(calls: ClientCalls, queue: str) -> None:
    found = calls.call("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    for message in (found or {}).get("Messages", []):
        identity, body = message["MessageId"], message["Body"].strip('"')
        if body.startswith("{"):
            _complete(calls, json.loads(body)["token"])
        else:
            kind, _, name = body.partition(":")
            calls.ledger.record_arrival(WorkItem(kind, name), identity)
        if identity in calls.ledger.deleted and queue.endswith(".fifo"):
            calls.ledger.record_fault(f"{body} came after its deletion")
        if _delete(calls, queue, message["ReceiptHandle"]):
            calls.ledger.deleted.add(identity)


def _delete(calls: ClientCalls, queue: str, handle: str) -> bool:
    """Delete a message; return False if the engine did not answer, or the handle expired and the message returns."""
    try:
        return calls.call("sqs", "delete_message", QueueUrl=queue, ReceiptHandle=handle) is not None
    except ClientError as error:
        if "expired" in error.response["Error"]["Message"]:
            return False
        raise


def do_activity_task(calls: ClientCalls, resources: Resources, _name: str, _rng: random.Random) -> None:
    """Take one task of the activity and complete it."""
    task = calls.call("stepfunctions", "get_activity_task", activityArn=resources.activity)
    if task and task.get("taskToken"):
        _complete(calls, task["taskToken"])


def _complete(calls: ClientCalls, token: str) -> None:
    try:
        calls.call_until_answered(None, "stepfunctions", "send_task_success", taskToken=token, output=ANSWER)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TaskTimedOut", "InvalidToken", "TaskDoesNotExist"):
            raise


@contextmanager
def run_webhook(ledger: Ledger, tokens: list[str]) -> Iterator[str]:
    """Run a web server that records a topic's notifications and confirmation tokens; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notification: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if notification["Type"] == "SubscriptionConfirmation":
                tokens.append(notification["Token"])
            else:
                ledger.record_arrival(
                    WorkItem("http", notification["Message"].partition(":")[2]), notification["MessageId"]
                )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
