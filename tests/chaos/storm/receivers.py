"""Those who get what came of it: readers of queues, a worker of an activity, and a web page."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Ledger, Wish
from tests.chaos.storm.resources import Resources

ANSWER = json.dumps("answered")


def read_inbox(office: ClientCalls, resources: Resources, _name: str, _chance: random.Random) -> None:
    """Take messages, and answer those that carry a task token."""
    _read(office, resources.inbox)


def read_fifo(office: ClientCalls, resources: Resources, _name: str, _chance: random.Random) -> None:
    """Take messages that come once."""
    _read(office, resources.fifo)


def _read(office: ClientCalls, queue: str) -> None:
    found = office.call("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    for message in (found or {}).get("Messages", []):
        identity, body = message["MessageId"], message["Body"].strip('"')
        if body.startswith("{"):
            _complete(office, json.loads(body)["token"])
        else:
            kind, _, name = body.partition(":")
            office.ledger.arrive(Wish(kind, name), identity)
        if identity in office.ledger.deleted and queue.endswith(".fifo"):
            office.ledger.blame(f"{body} came after its deletion")
        if _delete(office, queue, message["ReceiptHandle"]):
            office.ledger.deleted.add(identity)


def _delete(office: ClientCalls, queue: str, handle: str) -> bool:
    """Delete a message; False where nobody answered, or we came too late: a FIFO queue then gives it again."""
    try:
        return office.call("sqs", "delete_message", QueueUrl=queue, ReceiptHandle=handle) is not None
    except ClientError as error:
        if "expired" in error.response["Error"]["Message"]:
            return False
        raise


def work(office: ClientCalls, resources: Resources, _name: str, _chance: random.Random) -> None:
    """Take one task of the activity and do it."""
    task = office.call("stepfunctions", "get_activity_task", activityArn=resources.activity)
    if task and task.get("taskToken"):
        _complete(office, task["taskToken"])


def _complete(office: ClientCalls, token: str) -> None:
    try:
        office.insist(None, "stepfunctions", "send_task_success", taskToken=token, output=ANSWER)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TaskTimedOut", "InvalidToken", "TaskDoesNotExist"):
            raise


@contextmanager
def web_page(ledger: Ledger, tokens: list[str]) -> Iterator[str]:
    """A page that takes what a topic tells, also its tokens; its URL."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told["Type"] == "SubscriptionConfirmation":
                tokens.append(told["Token"])
            else:
                ledger.arrive(Wish("http", told["Message"].partition(":")[2]), told["MessageId"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
